/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

int greet(void)
{
	return SIZEOF_VOID_P == 8 ? 42 : 32;
}
