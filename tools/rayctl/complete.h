/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RAYCTL_COMPLETE_H
#define RAYCTL_COMPLETE_H

/* Offer @word, if it begins with what has been typed of the last word. */
void candidate(const char *word);

/* Offer the files that it may be the name of. */
void complete_file(void);

#endif
