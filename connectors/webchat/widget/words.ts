/** Every text a visitor reads, in English and Chinese. `{}` stands for a name or a number. */

import { lang, settings } from "./settings";
import type { SessionState } from "./protocol";

const say = (english: string, chinese: string) => (lang === "zh" ? chinese : english);

export const TITLE = settings.title || say("Chat with us", "在线客服");
export const GREETING = settings.greeting || say("Hello! How can we help?", "您好，请问有什么可以帮您？");
export const CLOSE = say("Close", "关闭");
export const HINT = say("Write a message", "请输入消息");
export const SEND = say("Send", "发送");
export const EARLIER = say("Earlier messages", "更早的消息");
export const TYPING = say("{} is typing", "{}正在输入");

export const BOT = say("Assistant", "智能助手");
export const AGENT = say("An agent", "人工客服");

export const MARKS = [
	say("Sending", "发送中"),
	say("Sent", "已发送"),
	say("Read", "已读"),
	say("Not sent. Edit", "未发送，点此修改"),
];

export const STATES: Record<SessionState, string> = {
	bot: BOT,
	queued: say("Finding a person for you…", "正在为您转接人工客服…"),
	assigned: say("You are talking to {}", "{}正在为您服务"),
	closed: say("This chat has ended", "会话已结束"),
};

export const OFFLINE = say("You are offline. What you write is kept.", "网络已断开，您输入的内容会保留");
export const RECONNECTING = say("Reconnecting…", "正在重新连接…");
export const REFUSED = say("Not available on this page", "此页面暂不支持");

export const fill = (words: string, value: string | number) => words.replace("{}", `${value}`);
