/*
 * A text on its way out: typography made plain where the channel may and it helps, the signature
 * and the opt-out put around it, and all of it in parts. The same work tells beforehand what a text
 * would take.
 */
#include <stdlib.h>

#include "smpp_channel.h"
#include "utf8.h"

static bool bears(const struct smpp_words_config *words, enum lane lane)
{
	for (char **name = words->lanes; name && *name; name++)
		if (strcmp(*name, lane_name(lane)) == 0)
			return true;
	return false;
}

static struct span signature_of(const struct smpp_channel *ch, bool chinese)
{
	const char *own = chinese ? ch->cfg->signature.zh : ch->cfg->signature.en;

	return own ? span_of(own)
	           : connector_signature(ch->host, chinese ? SPAN_LIT("zh") : SPAN_LIT("en"));
}

/* What m is to bear; nobody says its language where its text does. */
static struct smpp_wording wording_of(const struct smpp_channel *ch, const struct message *m)
{
	const struct smpp_config *cfg = ch->cfg;
	bool chinese = m->lang.len ? span_is(m->lang, "zh") : smpp_text_is_chinese(m->text);
	struct smpp_wording w = {.place = (enum smpp_place)cfg->signature.place};

	if (w.place != SMPP_PLACE_NONE && bears(&cfg->signature, m->lane)) {
		w.signatures[0] = signature_of(ch, true);
		w.signatures[1] = signature_of(ch, false);
		w.signature = w.signatures[chinese ? 0 : 1];
	}
	if (bears(&cfg->opt_out, m->lane)) {
		w.opt_outs[0] = span_of(cfg->opt_out.zh ? cfg->opt_out.zh : "");
		w.opt_outs[1] = span_of(cfg->opt_out.en ? cfg->opt_out.en : "");
		w.opt_out = w.opt_outs[chinese ? 0 : 1];
	}
	return w;
}

static bool fits(struct span text, enum smpp_alphabet alphabet)
{
	uint32_t code;

	while (text.len)
		if (utf8_next(&text, &code) || !smpp_text_width(alphabet, code))
			return false;
	return true;
}

/* The text around which words are put, in *worded; false: nothing was added. */
static int word(struct smpp_channel *ch, struct span text, const struct smpp_wording *w,
                struct span *worded, size_t *counted)
{
	int err;

	buf_clear(&ch->worded);
	err = smpp_word(text, w, &ch->worded, counted);
	*worded = buf_span(&ch->worded);
	return err;
}

/* Typography is made plain only where all then fits what costs less. */
static bool make_plain(struct smpp_channel *ch, struct span text, const struct smpp_wording *w,
                       enum smpp_alphabet alphabet, struct span *worded, size_t *counted,
                       struct smpp_changes *changes)
{
	if (!ch->cfg->transliterate || fits(*worded, alphabet))
		return false;
	buf_clear(&ch->plain);
	if (!smpp_transliterate(text, alphabet, &ch->plain, changes->of, ARRAY_LEN(changes->of),
	                        &changes->count) ||
	    word(ch, buf_span(&ch->plain), w, worded, counted))
		return false;
	return fits(*worded, alphabet);
}

static int wording(struct smpp_channel *ch, const struct message *m, enum smpp_alphabet alphabet,
                   struct span *worded, size_t *counted, struct smpp_changes *changes)
{
	struct smpp_wording w = wording_of(ch, m);
	int err = word(ch, m->text, &w, worded, counted);

	if (err || make_plain(ch, m->text, &w, alphabet, worded, counted, changes))
		return err;
	changes->count = 0;
	return word(ch, m->text, &w, worded, counted);
}

int smpp_compose(struct smpp_channel *ch, const struct message *m,
                 struct smpp_split_options *options, struct smpp_parts *out,
                 struct smpp_changes *changes)
{
	struct span worded;
	int err = wording(ch, m, options->dflt, &worded, &options->counted, changes);

	return err ? err : smpp_split(worded, options, out);
}

unsigned smpp_compose_marks(void *channel, const struct message *m)
{
	struct smpp_channel *ch = channel;
	struct smpp_changes changes = {.count = 0};
	struct span worded;
	size_t counted;

	if (!ch->cfg->transliterate ||
	    wording(ch, m, (enum smpp_alphabet)ch->cfg->alphabet_out, &worded, &counted, &changes))
		return 0;
	return changes.count ? MARK_TRANSLITERATED : 0;
}

/* The first different characters that the default alphabet has not. */
static void tell_forced(struct span text, enum smpp_alphabet alphabet, uint32_t *forced)
{
	size_t count = 0;
	uint32_t code;

	while (text.len && count < MEASURED_CHARACTERS && utf8_next(&text, &code) == 0) {
		size_t i = 0;

		if (smpp_text_width(alphabet, code))
			continue;
		while (i < count && forced[i] != code)
			i++;
		if (i == count)
			forced[count++] = code;
	}
}

static const char *alphabet_name(enum smpp_alphabet alphabet)
{
	return alphabet == SMPP_PACKED ? "gsm7" : smpp_alphabet_names[alphabet];
}

int smpp_compose_measure(void *channel, const struct message *m, struct connector_measure *out)
{
	struct smpp_channel *ch = channel;
	struct smpp_split_options options = {
		.dflt = (enum smpp_alphabet)ch->cfg->alphabet_out,
		.latin1 = ch->cfg->latin1 && m->service.message_class == CLASS_NONE,
		.how = (enum smpp_long)ch->cfg->long_messages,
		.parts_max = SMPP_PARTS_MAX, /* told all the same */
	};
	struct smpp_changes changes = {.count = 0};
	int err;

	if (!ch->measured)
		ch->measured = calloc(1, sizeof(*ch->measured));
	if (!ch->measured)
		return -ENOMEM;
	err = smpp_compose(ch, m, &options, ch->measured, &changes);
	if (err)
		return err;
	*out = (struct connector_measure){
		.alphabet = alphabet_name(ch->measured->alphabet),
		.text = buf_span(&ch->worded),
		.parts = ch->measured->estimate,
		.left = ch->measured->left,
		.marks = changes.count ? MARK_TRANSLITERATED : 0,
	};
	for (size_t i = 0; i < changes.count; i++) {
		out->changes[i].from = changes.of[i].from;
		out->changes[i].to = changes.of[i].to;
	}
	tell_forced(out->text, options.dflt, out->forced);
	return out->parts > (unsigned)ch->cfg->parts_max ? -EMSGSIZE : 0;
}

void smpp_compose_fini(struct smpp_channel *ch)
{
	buf_fini(&ch->worded);
	buf_fini(&ch->plain);
	if (ch->measured)
		smpp_parts_fini(ch->measured);
	free(ch->measured);
	ch->measured = NULL;
}
