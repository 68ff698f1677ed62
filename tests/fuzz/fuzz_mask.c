/* Any octets: what is masked holds no number of four digits but zeros, and is not much longer. */
#include "mask.h"

#include <ctype.h>
#include <stdlib.h>

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void require_blotted(struct span s)
{
	unsigned digits = 0;
	bool zeros = true;

	for (size_t i = 0; i <= s.len; i++) {
		if (i < s.len && isdigit((unsigned char)s.ptr[i])) {
			zeros = zeros && s.ptr[i] == '0';
			digits++;
			continue;
		}
		require(digits < 4 || zeros);
		digits = 0;
		zeros = true;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct buf out;

	buf_init(&out, 64 + 16 * size);
	mask_text(text, &out);
	require(!buf_check(&out));
	require_blotted(buf_span(&out));
	buf_fini(&out);
	return 0;
}
