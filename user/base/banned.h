/* SPDX-License-Identifier: Apache-2.0 */
/* banned.h - functions that do not compile here. The Makefile includes this file before every source of user/. */
#ifndef CORDON_BASE_BANNED_H
#define CORDON_BASE_BANNED_H

#ifndef __cplusplus
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat sprintf vsprintf strtok localtime gmtime ctime asctime gets mktemp tmpnam system popen
#endif

#endif
