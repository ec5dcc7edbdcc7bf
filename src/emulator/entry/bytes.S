/* SPDX-License-Identifier: MIT */
/* The entry stub as data of this program. */
	.section .rodata
	.globl stub_bytes, stub_bytes_end
	.balign 16
stub_bytes:
	.incbin "stub.bin"
stub_bytes_end:
	.byte 0
	.section .note.GNU-stack, "", %progbits
