/*
 * Phrases that are enough by themselves, unless what stands before or behind makes them innocent or
 * they are denied; and signs of which two are needed: shouting, heaps of marks, impatient words.
 */
#include "mood.h"

#include "phrases.h"
#include "utf8.h"

#define SIGNS_NEEDED 2
#define MARKS_LEAST 3    /* "!!!" */
#define CAPITALS_LEAST 8 /* letters, of which hardly any is small */
#define DENIED_REACH 2

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* clang-format off */
#define EVER(words) {words, NULL, NULL}

static const struct phrase {
	const char *words;
	const char *const *not_after;  /* what may not stand right before */
	const char *const *not_before; /* what may not follow */
} phrases[] = {
	EVER("投 诉"), EVER("曝 光 你"),
	{"垃 圾", NULL, LIST("短", "邮", "信", "电", "分", "桶", "处", "费")},
	EVER("骗 子 银 行"), EVER("你 们 骗"), EVER("你 们 是 骗 子"), EVER("你 们 就 是 骗"),
	EVER("你 们 都 是 骗 子"), EVER("你 们 这 群 骗 子"), EVER("你 们 这 帮 骗 子"),
	EVER("傻 子"), EVER("烦 不 烦"), EVER("气 死"), EVER("烦 死"), EVER("太 差"),
	EVER("太 烂"), EVER("真 烂"), EVER("太 慢"), EVER("真 差 劲"), EVER("差 劲"),
	EVER("差 评"), EVER("坑 人"), EVER("坑 爹"), EVER("无 语"), EVER("不 满 意"),
	EVER("很 不 满"), EVER("忍 无 可 忍"), EVER("受 不 了"), EVER("受 够"),
	EVER("答 非 所 问"), EVER("听 不 懂 人 话"), EVER("不 说 人 话"), EVER("有 完 没 完"),
	EVER("什 么 玩 意"), EVER("什 么 破"), EVER("破 银 行"), EVER("破 机 器"),
	{"有 病", NULL, LIST("假", "历", "例")},
	EVER("脑 残"), EVER("智 障"), EVER("弱 智"), EVER("废 物"), EVER("白 痴"), EVER("蠢"),
	EVER("混 蛋"), EVER("王 八"), EVER("去 死"),
	{"滚", NULL, LIST("动", "存", "续", "轮")},
	{"操", NULL, LIST("作", "盘", "心", "控")},
	EVER("草 泥 马"), EVER("尼 玛"),
	{"你 妈 的", NULL, LIST("卡", "账", "钱", "身", "手", "名")},
	{"他 妈 的", NULL, LIST("卡", "账", "钱", "身", "手", "名")},
	{"妈 的", LIST("我", "你", "他", "她", "爸", "姑", "舅"), NULL},
	EVER("特 么"), EVER("傻 逼"), EVER("傻 b"), EVER("煞 笔"), EVER("沙 比"), EVER("卧 槽"),
	{"want to complain", NULL, NULL},
	{"have a complaint", NULL, NULL},
	{"没 用 的 机 器", NULL, NULL},
	{"太 笨", NULL, NULL},
	{"真 笨", NULL, NULL},
	{"我 靠", NULL, LIST("谱", "近")},
	EVER("狗 屁"), EVER("放 屁"), EVER("屁 用"), EVER("没 用 的 东 西"),
	EVER("一 点 用 都 没"), EVER("浪 费 时 间"), EVER("浪 费 我 时 间"),
	EVER("浪 费 我 的 时 间"), EVER("tmd"), EVER("nmd"), EVER("ridiculous"),
	EVER("unacceptable"), EVER("outrageous"), EVER("disgusting"), EVER("disgrace"),
	EVER("pathetic"), EVER("useless"), EVER("rubbish"), EVER("garbage"), EVER("terrible"),
	EVER("horrible"), EVER("awful"), EVER("worst"), EVER("furious"), EVER("angry"),
	EVER("pissed"), EVER("disappointed"), EVER("fed up"), EVER("sick of"), EVER("tired of"),
	EVER("waste of time"), EVER("wasting my time"), EVER("not helpful"),
	EVER("no help at all"), EVER("not what i asked"), EVER("make a complaint"),
	EVER("file a complaint"), EVER("i want to complain"), EVER("how do i complain"),
	EVER("you people"), EVER("you are thieves"), EVER("you thieves"),
	EVER("you are scammers"), EVER("liars"), EVER("you are a liar"), EVER("sue you"),
	EVER("my lawyer"), EVER("stupid"), EVER("idiot"), EVER("idiots"), EVER("moron"),
	EVER("morons"), EVER("dumb"), EVER("shut up"), EVER("screw you"), EVER("damn"),
	EVER("what the hell"), EVER("bloody hell"), EVER("wtf"), EVER("crap"), EVER("bullshit"),
	EVER("shit"), EVER("shitty"), EVER("fuck"), EVER("fucking"), EVER("fuckin"),
	EVER("fucked"), EVER("asshole"), EVER("assholes"), EVER("bastards"), EVER("bitch"),
	EVER("i hate"),
};
/* clang-format on */

/* One of these is nothing, with another sign it is. */
static const char *const impatient[] = {"又 来 了",
                                        "说 了 多 少 遍",
                                        "多 少 次",
                                        "到 底",
                                        "还 是 不 行",
                                        "怎 么 还",
                                        "几 遍",
                                        "第 几 次",
                                        "搞 什 么",
                                        "快 点",
                                        "急",
                                        "again",
                                        "still",
                                        "already told",
                                        "how many times",
                                        "for the third time",
                                        "hello",
                                        "answer me",
                                        "asap",
                                        "immediately",
                                        "are you kidding",
                                        "seriously",
                                        "come on",
                                        NULL};

static bool is_phrase_at(const struct normal *n, size_t at, const struct phrase *p)
{
	static const char *const denials[] = {"不",   "没",    "别",    "not", "never",
	                                      "isnt", "wasnt", "arent", NULL};
	size_t len = phrase_at(n, at, n->count, p->words);

	if (!len || (p->not_before && phrase_any_at(n, at + len, p->not_before)) ||
	    (p->not_after && at && phrase_any_at(n, at - 1, p->not_after)))
		return false;
	return !phrase_any_before(n, at, DENIED_REACH, denials);
}

static bool is_enough(const struct normal *n)
{
	static const char *const alone[] = {"complaint", "complaints", "complain", NULL};

	if (n->count == 1 && phrase_is_word(normal_token(n, 0), alone))
		return true;
	for (size_t at = 0; at < n->count; at++)
		for (size_t i = 0; i < ARRAY_LEN(phrases); i++)
			if (is_phrase_at(n, at, &phrases[i]))
				return true;
	return false;
}

static bool is_impatient(const struct normal *n)
{
	for (size_t at = 0; at < n->count; at++)
		if (phrase_any_at(n, at, impatient))
			return true;
	return false;
}

/* What normalising levels out. */
struct loudness {
	size_t capitals, smalls, marks, marks_most;
};

static struct loudness listen(struct span text)
{
	struct loudness l = {0, 0, 0, 0};
	uint32_t code;

	if (text.len > NORMAL_TEXT_SIZE)
		text.len = NORMAL_TEXT_SIZE;
	while (text.len) {
		if (utf8_next(&text, &code) < 0) {
			text.ptr++;
			text.len--;
			code = ' ';
		}
		l.capitals += code >= 'A' && code <= 'Z';
		l.smalls += code >= 'a' && code <= 'z';
		l.marks = code == '!' || code == '?' || code == 0xFF01 || code == 0xFF1F
		                  ? l.marks + 1
		                  : 0;
		l.marks_most = l.marks > l.marks_most ? l.marks : l.marks_most;
	}
	return l;
}

bool mood_is_unhappy(struct span text)
{
	struct loudness l = listen(text);
	struct normal n;
	unsigned signs = 0;

	normal_read(text, &n);
	if (!n.count)
		return false;
	signs += l.capitals >= CAPITALS_LEAST && l.smalls * 10 < l.capitals;
	signs += l.marks_most >= MARKS_LEAST;
	signs += is_impatient(&n);
	return signs >= SIGNS_NEEDED || is_enough(&n);
}
