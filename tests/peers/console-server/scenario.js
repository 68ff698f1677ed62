// A busy desk of a bank in the evening: forty conversations on three channels, one of them long.
import { Desk } from "./desk.js";

export const USERS = {
  mei: { password: "correct horse", user: { id: "mei", name: "林梅", role: "agent", capacity: 8, skills: ["general", "cards"], lang: "zh" } },
  tom: { password: "battery staple", user: { id: "tom", name: "Tom Baker", role: "agent", capacity: 8, skills: ["general"], lang: "en" } },
};

const CANNED = [
  ["greeting", "问候", "Greeting", "您好，我是客服{{agent}}，很高兴为您服务。请问有什么可以帮您？", "Hello, this is {{agent}}. How may I help you?"],
  ["wait", "请稍候", "One moment", "请稍候，我正在为您查询。", "One moment please, I am looking into it."],
  ["card-lost", "挂失银行卡", "Lost card", "已为您登记尾号{{card_tail}}的银行卡挂失，预计两分钟内生效。", "I have blocked the card ending in {{card_tail}}; it takes effect within two minutes."],
  ["transfer-time", "转账到账时间", "Transfer time", "普通转账将在两小时内到账，实时转账立即到账。", "An ordinary transfer arrives within two hours, an instant one at once."],
  ["transfer-limit", "转账限额", "Transfer limit", "手机银行单日转账限额为人民币50,000元，可在“设置-限额管理”中调整。", "The daily limit in the app is CNY 50,000. You can change it under Settings, Limits."],
  ["loan-docs", "贷款所需材料", "Loan documents", "申请个人贷款需要身份证、收入证明和近六个月的银行流水。", "For a personal loan please bring your ID, proof of income and six months of statements."],
  ["branch-hours", "网点营业时间", "Branch hours", "网点营业时间为周一至周五9:00-17:00，周末9:30-16:00。", "Branches open 9:00 to 17:00 on weekdays and 9:30 to 16:00 at weekends."],
  ["password", "重置密码", "Reset password", "请在登录页点击“忘记密码”，按提示完成人脸识别后即可重置。", "Tap “Forgot password” on the log-in page and follow the face check."],
  ["fee", "手续费说明", "Fees", "跨行转账在手机银行免收手续费。", "Transfers to other banks are free in the app."],
  ["bye", "结束语", "Goodbye", "感谢您的咨询，祝您生活愉快！", "Thank you for writing. Have a good day."],
];

export const CATALOGUE = {
  canned: CANNED.map(([id, zh, en, tzh, ten]) => ({ id, title: { zh, en }, text: { zh: tzh, en: ten } })),
  dispositions: [
    { id: "solved", zh: "已解决", en: "Solved" },
    { id: "forwarded", zh: "已转交业务部门", en: "Forwarded" },
    { id: "no-answer", zh: "客户未再回复", en: "Customer did not answer" },
    { id: "spam", zh: "无效咨询", en: "Not a question" },
  ],
  suggest: (c) => CANNED.slice(2, 5).map(([id, zh, en, tzh, ten], i) => ({ id, title: c.lang === "en" ? en : zh, text: c.lang === "en" ? ten : tzh, score: 0.9 - i / 10 })),
};

const BOT = { type: "bot", id: "bot", name: "小邮" };
const ASK = ["我的信用卡昨天在地铁上丢了，怎么办？", "转账两个小时了还没到账", "请问怎么提高转账限额", "贷款需要什么材料", "你们周末开门吗？", "密码忘了登录不了", "跨行转账收手续费吗", "账单日能改吗"];
const ASK_EN = ["I lost my card on the metro yesterday.", "My transfer has not arrived yet", "How do I raise my transfer limit?", "Is there a fee for transfers?"];

/** Deterministic, so that a picture of it is the same tomorrow. */
export function busyDesk({ me = "mei", now = Date.now(), conversations = 40, long = 600 } = {}) {
  const desk = new Desk();
  const past = (days) => ({ id: `s-${days}`, state: "closed", opened_ts: now - days * 864e5, closed_ts: now - days * 864e5 + 412e3, agent: days % 2 ? me : "tom", disposition: days % 2 ? "solved" : "forwarded" });
  longOne(desk, me, now, long, past);
  wechatOne(desk, me, now, past);
  webOne(desk, me, now);
  for (let i = desk.conversations.size; i < conversations; i++) plainOne(desk, me, now, i, past);
  return desk;
}

function longOne(desk, me, now, count, past) {
  const c = desk.add({ id: "long", connector: "sms", title: "+86 138****8000", state: "assigned", agent: me, sessions: [past(3), past(16), past(41)], first_ts: now - 41 * 864e5 });
  const start = now - 41 * 864e5;
  for (let i = 0; i < count; i++) {
    const ts = start + (i * (now - 9 * 6e5 - start)) / count;
    if (i % 3 === 0) desk.customerSays(c, `第${i}条：${ASK[i % ASK.length]}`, { ts }, true);
    else if (i % 3 === 1) desk.says(c, BOT, `【邮驿银行】您好，关于“${ASK[(i - 1) % ASK.length]}”，${CANNED[i % CANNED.length][3].replace(/\{\{.*?\}\}/g, "6218")}`, { ts }, true);
    else desk.says(c, { type: "agent", id: "tom", name: "Tom Baker" }, "已经为您处理，请留意短信通知。", { ts, status: "delivered" }, true);
  }
  desk.session(c, "queued", { queue: "cards", agent: null, ts: now - 66e4 }, true);
  desk.session(c, "assigned", { queue: "cards", agent: me, ts: now - 64e4 }, true);
  desk.customerSays(c, "我的银行卡昨天在地铁上丢了，怎么挂失？", { ts: now - 62e4 }, true);
  const mine = { type: "agent", id: me, name: "林梅" };
  desk.says(c, mine, "您好，我是客服林梅。请先不要着急，我马上为您办理挂失。", { ts: now - 6e5, status: "delivered" }, true);
  desk.says(c, mine, "请问卡号后四位是多少？也可以在这里自助办理：https://bank.example/card/lost 。", { ts: now - 59e4, status: "read" }, true);
  desk.customerSays(c, "6218，办好了会有短信通知吗？", { ts: now - 31e4 }, true);
  desk.customerSays(c, "很急，麻烦快一点", { ts: now - 305e3, marks: ["incomplete"] }, true);
  c.read_seq = c.log.length - 2;
}

function wechatOne(desk, me, now, past) {
  const c = desk.add({ id: "wechat", connector: "wechat", channel: "wechat-service", title: "微信用户 oA3k…9f", state: "assigned", agent: me, reply: { left: 2, until_ts: now + 39 * 36e5 }, sessions: [past(9)], first_ts: now - 9 * 864e5 });
  desk.customerSays(c, "", { kind: "image", media: { url: "https://img.example/receipt.jpg", title: "转账回单.jpg" }, ts: now - 14e4 }, true);
  desk.customerSays(c, "这笔转账两个小时了还没到账", { ts: now - 135e3 }, true);
  desk.says(c, { type: "agent", id: me, name: "林梅" }, "收到，我看一下这笔交易。", { ts: now - 12e4, status: "sent" }, true);
  const failed = desk.says(c, { type: "agent", id: me, name: "林梅" }, "对方账户为他行账户，预计今天 18:00 前到账。", { ts: now - 118e3, status: "sent" }, true);
  desk.append(c, { type: "status", of: failed.seq, status: "failed", code: "45047", reason: "客服接口下行条数超过上限", ts: now - 117e3 }, true);
  desk.customerSays(c, "", { kind: "location", media: { latitude: 31.2304, longitude: 121.4737, label: "上海市黄浦区人民大道200号" }, ts: now - 8e4 }, true);
  desk.customerSays(c, "", { kind: "voice", media: { format: "amr", recognition: "那我附近有网点吗" }, ts: now - 75e3 }, true);
  c.read_seq = c.log.length - 2;
}

function webOne(desk, me, now) {
  const c = desk.add({ id: "web", connector: "web", channel: "web-bank", title: "Visitor 7f31", lang: "en", state: "assigned", agent: me });
  desk.says(c, BOT, "Hello, I can answer questions about cards, transfers and loans.", { ts: now - 4e4 }, true);
  desk.customerSays(c, "My transfer has not arrived. <b>Please</b> check http://evil.example/<script>alert(1)</script>", { ts: now - 25e3 }, true);
  c.read_seq = 1;
}

function plainOne(desk, me, now, i, past) {
  const kinds = ["sms", "wechat", "web"];
  const connector = kinds[i % 3];
  const lang = i % 4 === 0 ? "en" : "zh";
  const ask = lang === "en" ? ASK_EN[i % ASK_EN.length] : ASK[i % ASK.length];
  const title = connector === "sms" ? `+86 13${i % 10}****${String(1000 + i * 37).slice(-4)}` : connector === "wechat" ? `微信用户 o${String(i).padStart(2, "0")}x…${i}` : `Visitor ${(i * 7919).toString(16).slice(-4)}`;
  const group = i % 5;
  const state = group < 2 ? "queued" : group === 2 ? "assigned" : "closed";
  const c = desk.add({ id: `c${i}`, connector, channel: `${connector}-main`, title, lang, state, agent: state === "queued" ? null : me, queue: i % 2 ? "cards" : "general", sessions: [past(i)], first_ts: now - i * 864e5 });
  const ts = now - i * (state === "closed" ? 3e6 : 11e3);
  desk.customerSays(c, ask, { ts }, true);
  if (state === "queued") desk.session(c, "queued", { queue: c.queue, agent: null, ts: ts + 800 }, true);
  if (state === "closed") {
    desk.says(c, { type: "agent", id: me, name: "林梅" }, CANNED[i % CANNED.length][lang === "en" ? 4 : 3].replace(/\{\{.*?\}\}/g, "6218"), { ts: ts + 3e4 }, true);
    desk.session(c, "closed", { agent: me, disposition: "solved", by: me, ts: ts + 9e4 }, true);
    c.disposition = "solved";
    c.closed_ts = ts + 9e4;
  }
  if (state !== "queued") c.read_seq = group === 2 && i % 2 ? 0 : c.log.length;
}
