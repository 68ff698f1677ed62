/*
 * Where the servers of a test listen. A port that one test has let go another process may have at
 * once, and who still dials the first would be heard by the second: so each process has an address
 * of the loopback net to itself, where a port that nobody listens at stays so.
 */
#ifndef PH_TEST_HOME_H
#define PH_TEST_HOME_H

#include <stdio.h>
#include <unistd.h>

/** This process' own address, 127.A.B.C of its number; callers are seen as 127.0.0.1 all the same.
 * Until the next call. */
static inline const char *home_address(void)
{
	static char text[16];
	unsigned pid = (unsigned)getpid(); /* of 22 bits at most */

	snprintf(text, sizeof(text), "127.%u.%u.%u", 1 + (pid >> 16 & 127), pid >> 8 & 255,
	         pid & 255);
	return text;
}

#endif
