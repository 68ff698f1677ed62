/*
 * A catalogue taken apart: one sheet a template, each a catalogue file of its own, so that any set
 * of sheets is a catalogue again (catalogue_build() takes them as files) and one template can be
 * changed, compared and kept without the others. Text in, text out; what a sheet says is checked by
 * catalogue_build(), not here.
 */
#ifndef PH_SHEET_H
#define PH_SHEET_H

#include "buf.h"
#include "catalogue.h"

#define SHEET_SETTINGS "settings" /* name of the sheet that holds the settings of a catalogue */
#define SHEET_TEXT_MAX ((size_t)1 << 18)
#define SHEET_FIELD_SIZE 96

struct sheet {
	struct span name; /* the template's id */
	struct span text; /* always written in the same way: equal content has equal text */
	unsigned line;    /* in the file it was taken from */
};

/** Borrowed for the call. Another answer than 0 ends the splitting. */
typedef int sheet_fn(void *arg, const struct sheet *sheet);

/**
 * Takes a file apart, in its order. JSON is YAML too: {"answers": [{"id": ...}]}. What is no text
 * is told (told may be NULL): -EINVAL. A template without an id has the name "". Comments are lost.
 */
int sheet_split(const struct catalogue_file *file, catalogue_told_fn *told, void *told_arg,
                sheet_fn *fn, void *arg) MUST_CHECK;

/** Appends sheets as one file that reads well; sections in the order in which they first come. */
void sheet_join(const struct span *texts, size_t count, struct buf *out);

/** The section a sheet is of: "answers"; empty for what is no sheet. Borrowed from text. */
struct span sheet_section(struct span text);

/**
 * Which field stands in a line of a sheet: "samples.zh[3]", "text.en"; where the fault's sentence
 * begins with a field's name in quotes, that. "" where there is none.
 */
void sheet_field(struct span text, unsigned line, const char *fault, char out[SHEET_FIELD_SIZE]);

#endif
