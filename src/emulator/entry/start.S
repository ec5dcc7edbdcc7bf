/* SPDX-License-Identifier: MIT */
/* Entry point: saves the stack, calls entry_main, and jumps to the emulator's own entry (struct entry_stub). */

	.section .start, "ax"
	.globl _start
	.hidden _start, entry_main
	.type _start, %function
#if defined(__x86_64__)
_start:	endbr64
	jmp 1f
	.balign 16, 0xcc
	.ascii "anyarch entry 1\0"
own_entry:
	.quad 0
	/* psABI: rdx is a function for atexit; the kernel sets it to 0 */
1:	mov %rsp, %rbx
	mov %rsp, %rdi
	mov %rdx, %r12
	and $-16, %rsp
	call entry_main
	mov %rbx, %rsp
	mov %r12, %rdx
	lea _start(%rip), %rax
	add own_entry(%rip), %rax
	xor %ebx, %ebx
	xor %r12d, %r12d
	xor %ebp, %ebp
	jmp *%rax
#elif defined(__aarch64__)
_start:	hint #34 /* bti c */
	b 1f
	.balign 16
	.ascii "anyarch entry 1\0"
own_entry:
	.quad 0
1:	mov x19, sp
	mov x20, x0
	mov x0, sp
	bl entry_main
	mov sp, x19
	mov x0, x20
	adr x16, _start
	adr x17, own_entry
	ldr x17, [x17]
	add x16, x16, x17
	mov x19, #0
	mov x20, #0
	mov x29, #0
	mov x30, #0
	br x16
#endif
	.section .note.GNU-stack, "", %progbits
