/* SPDX-License-Identifier: Apache-2.0 */
/* reviewed.h - the one file that cordon itself writes: ETC/conf.d/90-reviewed.toml. */
#ifndef CORDON_POLICY_REVIEWED_H
#define CORDON_POLICY_REVIEWED_H

#define REVIEWED_DIR "conf.d"
#define REVIEWED_NAME "90-reviewed.toml"

#endif
