/* Choosing from a menu, asking for a person, having had enough, remarks: vectors in both languages.
 */
#include "choice.h"
#include "matcher_intent.h"
#include "mood.h"
#include "remark.h"
#include "unit.h"

#include <stdlib.h>

static const struct {
	const char *said;
	unsigned lines, chosen;
} choices[] = {
	{"1",		     3,              1},
	{" 2 ",		   3,              2},
	{"3.",		    3,              3},
	{"２",		   3,              2},
	{"一",		   3,              1},
	{"二",		   3,              2},
	{"叁",		   3,              3},
	{"两",		   3,              2},
	{"①",		   3,              1},
	{"③",		   3,              3},
	{"⑴",		   3,              1},
	{"❷",		   3,              2},
	{"2️⃣",               3,              2},
	{"第一个",             3,              1},
	{"第2个",               3,              2},
	{"第三個",             3,              3},
	{"选2",		  3,              2},
	{"選二",                3,              2},
	{"我选第三个吧",    3,              3},
	{"1号",		  3,              1},
	{"第1项",               3,              1},
	{"第二条问题",       3,              2},
	{"是第一个，谢谢", 3,              1},
	{"回复1",               3,              1},
	{"最后一个",          3,              3},
	{"one",		   3,              1},
	{"The first",             3,              1},
	{"the second one please", 3,              2},
	{"third",                 3,              3},
	{"1st",		   3,              1},
	{"2nd one",               3,              2},
	{"option 3",              3,              3},
	{"number two",            3,              2},
	{"I'll take the first",   3,              1},
	{"no. 2",                 3,              2},
	{"the last one",          3,              3},
	{"last",		  2,              2},
	{"#2",		    3,              2},
	{"(3)",		   3,              3},
	{"first one",             3,              1},
	{"option 2",              3,              2},
	{"１",		   3,              1},
	{"第1个",               3,              1},
	{"the first",             3,              1},
	{"1 谢谢",              3,              1},
	{"嗯第一个吧",       3,              1},
	{"应该是第二个",    3,              2},
	{"I mean the third one",  3,              3},
	{"maybe 2",               3,              2},
 /* no choices */
	{"",		      3,              0},
	{"0",		     3,              0},
	{"4",		     3,              0},
	{"9",		     3,              0},
	{"12",		    3,              0},
	{"1.5",		   3,              0},
	{"1 or 2",                3,              0},
	{"1 2",		   3,              0},
	{"一二",                3,              0},
	{"都不是",             3,              0},
	{"没有一个",          3,              0},
	{"no",		    3,              0},
	{"yes",		   3,              0},
	{"应该",                3,              0},
	{"maybe",                 3,              0},
	{"the card",              3,              0},
	{"第三方支付",       3,              0},
	{"one more question",     3,              0},
	{"1张卡丢了",         3,              0},
	{"转账1元",            3,              0},
	{"none",		  3,              0},
	{"not the first",         3,              0},
	{"\xFF\xFE",              3,              0},
	{"1",		     0,              0},
	{"1",		     CHOICE_MAX + 1, 0},
};

START_TEST(a_choice_is_understood)
{
	ck_assert_msg(choice_of(span_of(choices[_i].said), choices[_i].lines) == choices[_i].chosen,
	              "%s: %u", choices[_i].said,
	              choice_of(span_of(choices[_i].said), choices[_i].lines));
}
END_TEST

static bool wants_human(struct span text)
{
	struct normal n;

	normal_read(text, &n);
	return intent_wants_human(&n) || intent_ends_with_human(text);
}

START_TEST(a_long_text_is_no_choice)
{
	char *text = malloc(65536);

	for (size_t i = 0; i < 65536; i++)
		text[i] = "1 "[i % 2];
	ck_assert_uint_eq(choice_of((struct span){text, 65536}, 3), 0);
	ck_assert(!mood_is_unhappy((struct span){text, 65536}));
	ck_assert(!wants_human((struct span){text, 65536}));
	free(text);
}
END_TEST

static const struct {
	const char *said;
	bool human;
} persons[] = {
	{"人工",			      true },
	{"轉人工",			   true },
	{"转人工",			   true },
	{"0",				   true },
	{"０",				 true },
	{"人工客服",			true },
	{"我要找真人",                     true },
	{"找个人跟我说",                  true },
	{"agent please",                        true },
	{"Agent!",			      true },
	{"talk to a human",                     true },
	{"I want to speak to someone",          true },
	{"operator",			    true },
	{"real person pls",                     true },
	{"connect me to support",               true },
	{"human please, agent",                 true },
	{"agent pls, human",                    true },
	{"agent agent agent",                   true },
	{"我要人工服务",                  true },
	{"真人",			      true },
	{"真人在吗",			true },
	{"客服在吗",			true },
	{"我想和客服说话",               true },
	{"按0",				true },
	{"0.",				  true },
	{"press 0",			     true },
	{"can i get someone",                   true },
	{"give me a person",                    true },
	{"human now please",                    true },
	{"转人",			      true },
	{"人工!",			     true },
	{"转 人 工",			 true },
	{"0。",				true },
	{"零",				 true },
	{"0号",				true },
	{"能不能转人工",                  true },
	{"为什么不能转人工",            true },
	{"不行，转人工",                  true },
	{"都不是，人工",                  true },
	{"不需要，转人工",               true },
	{"听不懂，转人工",               true },
	{"别废话，人工",                  true },
	{"都不对，0",		       true },
	{"换个人",			   true },
	{"rengong",			     true },
	{"none of these, agent",                true },
	{"No. Human!",			  true },
	{"it doesn't work, agent please",       true },
	{"I don't understand, I want an agent", true },
	{"don't you have an agent?",            true },
	{"transfer me to a person",             true },
	{"不用转人工",                     false},
	{"别给我转人工",                  false},
	{"不想找客服",                     false},
	{"do not transfer me to an agent",      false},
	{"I don't want to talk to an agent",    false},
	{"年费多少，客服",               false},
	{"利率是3,0",			false},
	{"余额0",			     false},
	{"人工智能，利率多少",         false},
	{"你是真人吗",                     false},
	{"are you human",                       false},
	{"i am a human",                        false},
	{"human error",			 false},
	{"real estate agent loan",              false},
	{"000",				 false},
	{"can you give me some",                false},
	{"谢谢你",			   false},
	{"人工费多少",                     false},
	{"不要转人工",                     false},
	{"客服电话是多少",               false},
	{"transfer money to a person",          false},
	{"00",				  false},
	{"card",				false},
	{"",				    false},
};

START_TEST(who_wants_a_person_is_understood)
{
	ck_assert_msg(wants_human(span_of(persons[_i].said)) == persons[_i].human, "%s",
	              persons[_i].said);
}
END_TEST

static const struct {
	const char *said;
	bool unhappy;
} moods[] = {
	{"complaint",			 true },
	{"want to complain",                  true },
	{"I have a complaint",                true },
	{"没用的机器人",                true },
	{"complaint form",                    false},
	{"我要投诉你们",                true },
	{"什么垃圾银行",                true },
	{"气死我了",		      true },
	{"你们是骗子吧",                true },
	{"答非所问",		      true },
	{"你们这群骗子",                true },
	{"你当我是傻子吗",             true },
	{"You are all liars",                 true },
	{"有完没完啊",                   true },
	{"傻逼机器人",                   true },
	{"滚",			       true },
	{"妈的卡又被锁",                true },
	{"服务太差了",                   true },
	{"到底什么时候到账？？？", true },
	{"this is ridiculous",                true },
	{"You are USELESS",                   true },
	{"wtf is this",                       true },
	{"fuck off",			  true },
	{"worst bank ever",                   true },
	{"WHERE IS MY MONEY!!!",              true },
	{"I'm fed up with this",              true },
	{"I STILL CANNOT LOG IN",             true },
 /* not: */
	{"",				  false},
	{"我的卡丢了",                   false},
	{"收到垃圾短信怎么办",       false},
	{"我妈的卡丢了怎么挂失",    false},
	{"他妈的卡能代办吗",          false},
	{"怎么操作",		      false},
	{"遇到骗子了怎么办",          false},
	{"滚存利息怎么算",             false},
	{"谢谢！！！",                   false},
	{"I got a scam call",                 false},
	{"一群骗子骗了我的钱",       false},
	{"not bad",			   false},
	{"I'm not angry",                     false},
	{"HOW DO I RESET MY PIN",             false},
	{"please help???",                    false},
	{"ATM",			       false},
	{"is it still open",                  false},
	{"\xFF\xFF",			  false},
};

START_TEST(who_has_had_enough_is_noticed)
{
	ck_assert_msg(mood_is_unhappy(span_of(moods[_i].said)) == moods[_i].unhappy, "%s",
	              moods[_i].said);
}
END_TEST

static const struct {
	const char *said;
	enum remark remark;
} remarks[] = {
	{"谢谢",			  REMARK_THANKS},
	{"好的，谢谢您",              REMARK_THANKS},
	{"明白了",		       REMARK_THANKS},
	{"知道了！",                    REMARK_THANKS},
	{"Thanks a lot!",                   REMARK_THANKS},
	{"ok got it",		       REMARK_THANKS},
	{"that's great, thank you so much", REMARK_THANKS},
	{"OK",			      REMARK_THANKS},
	{"问题解决了",                 REMARK_THANKS},
	{"算了",			  REMARK_DROP  },
	{"不用了，谢谢",              REMARK_DROP  },
	{"never mind",                      REMARK_DROP  },
	{"no thanks",		       REMARK_DROP  },
	{"Cancel it please",                REMARK_DROP  },
	{"不知道",		       REMARK_CANNOT},
	{"我忘了",		       REMARK_CANNOT},
	{"I don't know",                    REMARK_CANNOT},
	{"sorry i dont have it",            REMARK_CANNOT},
	{"不明白",		       REMARK_NONE  },
	{"谢谢，那年费呢",           REMARK_NONE  },
	{"thanks but how much is the fee",  REMARK_NONE  },
	{"取消转账",                    REMARK_NONE  },
	{"cancel my card",                  REMARK_NONE  },
	{"没有收到短信",              REMARK_NONE  },
	{"密码忘了",                    REMARK_NONE  },
	{"是",			     REMARK_NONE  },
	{"1",			       REMARK_NONE  },
	{"",				REMARK_NONE  },
	{"\xFF\xFE",			REMARK_NONE  },
};

START_TEST(a_remark_is_understood)
{
	ck_assert_msg(remark_of(span_of(remarks[_i].said)) == remarks[_i].remark, "%s: %d",
	              remarks[_i].said, (int)remark_of(span_of(remarks[_i].said)));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("choice");

	tcase_add_loop_test(tc, a_choice_is_understood, 0, (int)ARRAY_LEN(choices));
	tcase_add_loop_test(tc, a_remark_is_understood, 0, (int)ARRAY_LEN(remarks));
	tcase_add_test(tc, a_long_text_is_no_choice);
	tcase_add_loop_test(tc, who_wants_a_person_is_understood, 0, (int)ARRAY_LEN(persons));
	tcase_add_loop_test(tc, who_has_had_enough_is_noticed, 0, (int)ARRAY_LEN(moods));
	return unit_run("choice", &tc, 1);
}
