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

static const struct phrase {
	const char *words;
	const char *const *not_after;  /* what may not stand right before */
	const char *const *not_before; /* what may not follow */
} phrases[] = {
	{"投 诉",                 NULL,           NULL},
	{"曝 光 你",             NULL,           NULL},
	{"垃 圾",                 NULL,           LIST("短","邮", "信", "电", "分", "桶", "处", "费")},
	{"骗 子 银 行",                    NULL,                             NULL},
	{"你 们 骗",                    NULL,			    NULL},
	{"你 们 是 骗 子",  NULL,NULL},
	{"你 们 就 是 骗",  NULL,NULL},
	{"气 死",		    NULL,					       NULL                       },
	{"烦 死",		    NULL,					      NULL                         },
	{"太 差",  NULL,NULL},
	{"太 烂",  NULL,NULL},
	{"真 烂",		    NULL,								 NULL															  },
	{"太 慢",		    NULL,								NULL															  },
	{"真 差 劲",  NULL,NULL},
	{"差 劲",  NULL,NULL},
	{"差 评",		    NULL,										   NULL																																 },
	{"坑 人",		    NULL,										  NULL																															       },
	{"坑 爹",  NULL,NULL},
	{"无 语",  NULL,NULL},
	{"不 满 意",                    NULL,												     NULL																																																					    },
	{"很 不 满",                    NULL,												    NULL																																																					},
	{"忍 无 可 忍",  NULL,NULL},
	{"受 不 了",  NULL,NULL},
	{"受 够",		    NULL,														       NULL																																																																															   },
	{"答 非 所 问",                    NULL,														      NULL																																																																														     },
	{"听 不 懂 人 话",  NULL,NULL},
	{"不 说 人 话",  NULL,NULL},
	{"有 完 没 完",                    NULL,																	 NULL																																																																																																													      },
	{"什 么 玩 意",                    NULL,																	NULL																																																																																																												      },
	{"什 么 破",  NULL,NULL},
	{"破 银 行",  NULL,NULL},
	{"破 机 器",                    NULL,																			   NULL																																																																																																																																																     },
	{"有 病",		    NULL,																			  LIST("假",																																																																																																																																															    "历", "例")},
	{"脑 残",  NULL,NULL},
	{"智 障",  NULL,NULL},
	{"弱 智",			 NULL,			       NULL},
	{"废 物",			 NULL,			       NULL																																																																																																																																																																					     },
	{"白 痴",			 NULL,			       NULL																																																																																																																																																																		      },
	{"蠢",			 NULL,			       NULL},
	{"混 蛋",			 NULL,			       NULL},
	{"王 八",			 NULL,				   NULL},
	{"去 死",			 NULL,			       NULL},
	{"滚",			 NULL,			       LIST("动",																																																																																																																																																																					      "存", "续", "轮")},
	{"操",			 NULL,			       LIST("作",																																																																																																																																																																		   "盘", "心", "控")},
	{"草 泥 马",			 NULL,				   NULL},
	{"尼 玛",		    NULL,			     NULL},
	{"你 妈 的",		     NULL,       LIST("卡","账", "钱", "身", "手", "名")},
	{"他 妈 的",                    NULL,			    LIST("卡","账", "钱", "身", "手", "名")},
	{"妈 的",LIST("我","你","他", "她", "爸", "姑", "舅"), NULL},
	{"特 么",  NULL,NULL																																																																																																																																																																      },
	{"傻 逼", NULL,NULL                           },
	{"傻 b",		    NULL,			     NULL},
	{"煞 笔",             NULL,    NULL},
	{"沙 比",		    NULL,			     NULL},
	{"卧 槽",			 NULL,			       NULL},
	{"我 靠",		    NULL,			     LIST("谱",                                 "近")},
	{"狗 屁",		   NULL,			     NULL},
	{"放 屁",		    NULL,					       NULL},
	{"屁 用",		     NULL,				 NULL},
	{"没 用 的 东 西",  NULL,NULL},
	{"一 点 用 都 没",         NULL,                NULL						 },
	{"浪 费 时 间",  NULL,NULL},
	{"浪 费 我 时 间",NULL,NULL},
	{"浪 费 我 的 时 间",  NULL,NULL},
	{"tmd",		 NULL,         NULL},
	{"nmd",		 NULL,        NULL},
	{"ridiculous",                 NULL,       NULL},
	{"unacceptable",     NULL,              NULL},
	{"outrageous",     NULL,       NULL},
	{"disgusting",         NULL,                  NULL},
	{"disgrace",     NULL,                   NULL},
	{"pathetic", NULL,          NULL},
	{"useless",		     NULL,               NULL},
	{"rubbish",		     NULL,               NULL},
	{"garbage",              NULL,        NULL},
	{"terrible",            NULL,                  NULL},
	{"horrible",              NULL,                    NULL},
	{"awful",              NULL,                NULL},
	{"worst",                NULL,                      NULL},
	{"furious",                NULL,			  NULL},
	{"angry",                 NULL,       NULL},
	{"pissed",                 NULL,       NULL},
	{"disappointed",                 NULL,              NULL},
	{"fed up",                NULL,               NULL},
	{"sick of",                NULL,             NULL},
	{"tired of",                   NULL,                NULL},
	{"waste of time",                   NULL,              NULL},
	{"wasting my time",                 NULL,            NULL},
	{"not helpful",                   NULL,             NULL},
	{"no help at all",                  NULL,            NULL},
	{"not what i asked",            NULL,      NULL},
	{"make a complaint",                  NULL,             NULL},
	{"file a complaint",                 NULL,            NULL},
	{"i want to complain",                NULL,        NULL},
	{"how do i complain",           NULL,   NULL},
	{"you people",         NULL,   NULL},
	{"you are thieves",             NULL,     NULL},
	{"you thieves",          NULL,   NULL},
	{"you are scammers",        NULL,       NULL},
	{"sue you",        NULL, NULL},
	{"my lawyer",        NULL,  NULL},
	{"stupid",      NULL, NULL},
	{"idiot",       NULL,       NULL},
	{"idiots",              NULL,                NULL},
	{"moron",         NULL,       NULL},
	{"morons",             NULL,              NULL},
	{"dumb",        NULL,           NULL},
	{"shut up",                 NULL,                    NULL},
	{"screw you",               NULL,                  NULL},
	{"damn",		  NULL,		       NULL},
	{"what the hell",                   NULL,                       NULL},
	{"bloody hell",                  NULL,               NULL},
	{"wtf",		   NULL,                     NULL},
	{"crap",		  NULL,                NULL},
	{"bullshit",                    NULL,                       NULL},
	{"shit",		 NULL,           NULL},
	{"shitty",               NULL,           NULL},
	{"fuck",		    NULL,             NULL},
	{"fucking",           NULL,   NULL},
	{"fuckin",             NULL,      NULL},
	{"fucked",		     NULL,             NULL},
	{"asshole",		    NULL,             NULL},
	{"assholes",                NULL,       NULL},
	{"bastards",                    NULL,              NULL},
	{"bitch",		  NULL,              NULL},
	{"i hate",		    NULL,           NULL},
};

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
