/**
 * What the page says by its one script tag, which also says where the gateway is by where it came from:
 *
 *     <script src="https://GATEWAY/webchat/widget.js" data-channel="bank-web" data-lang="zh" async></script>
 *
 * Also `data-title`, `data-greeting`, and `data-identity` with `data-identity-hash` for a visitor the site knows.
 * One page has one chat, so what the modules here hold is simply theirs.
 */

const script = document.currentScript as HTMLScriptElement;

export const settings = script.dataset;

export const base = script.src.replace(/widget\.js.*/, "") + settings.channel;

export const lang = /^zh/i.test(settings.lang || document.documentElement.lang) ? "zh" : "en";
