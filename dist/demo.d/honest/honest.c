/* SPDX-License-Identifier: Apache-2.0 */
/* honest.c - the extension of the demo's honest package: one function. */
#include <Python.h>

static PyObject *honest_answer(PyObject *self, PyObject *args)
{
	(void)self;
	(void)args;
	return PyLong_FromLong(42);
}

static PyMethodDef honest_methods[] = { { "answer", honest_answer, METH_NOARGS, NULL }, { NULL } };
static struct PyModuleDef honest_module = { PyModuleDef_HEAD_INIT, "honest", NULL, -1, honest_methods };

PyMODINIT_FUNC PyInit_honest(void);

PyMODINIT_FUNC PyInit_honest(void)
{
	return PyModule_Create(&honest_module);
}
