/* SPDX-License-Identifier: Apache-2.0 */
int greet(void);

int main(void)
{
	return greet() != 42;
}
