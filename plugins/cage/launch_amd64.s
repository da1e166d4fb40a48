//go:build linux

#include "textflag.h"

// The layout of one call in the child's list: number, six arguments, result, least result, required (program.go).
#define CALL_NR     0
#define CALL_RESULT 56
#define CALL_LEAST  64
#define CALL_MUST   72
#define CALL_SIZE   80

// func launch(nr, a, b, c, d, e uintptr, list *call, count uintptr) (result uintptr)
//
// With every signal blocked it makes the cloning system call. The parent gets the signals back and returns. The child,
// on a stack of its own that it never uses, walks the list: no Go, no stack, no thread-local storage.
TEXT ·launch(SB), NOSPLIT, $16-72
	MOVQ $-1, AX
	MOVQ AX, full-8(SP)
	MOVL $2, DI              // SIG_SETMASK
	LEAQ full-8(SP), SI
	LEAQ old-16(SP), DX
	MOVL $8, R10
	MOVL $14, AX             // rt_sigprocmask
	SYSCALL

	MOVQ list+48(FP), R12
	MOVQ count+56(FP), R13
	MOVQ a+8(FP), DI
	MOVQ b+16(FP), SI
	MOVQ c+24(FP), DX
	MOVQ d+32(FP), R10
	MOVQ e+40(FP), R8
	MOVQ nr+0(FP), AX
	SYSCALL
	TESTQ AX, AX
	JZ   child

	MOVQ AX, result+64(FP)
	MOVL $2, DI
	LEAQ old-16(SP), SI
	XORL DX, DX
	MOVL $8, R10
	MOVL $14, AX
	SYSCALL
	RET

child:
	TESTQ R13, R13
	JZ   done
	MOVQ 8(R12), DI
	MOVQ 16(R12), SI
	MOVQ 24(R12), DX
	MOVQ 32(R12), R10
	MOVQ 40(R12), R8
	MOVQ 48(R12), R9
	MOVQ CALL_NR(R12), AX
	SYSCALL
	MOVQ AX, CALL_RESULT(R12)
	CMPQ AX, CALL_LEAST(R12)
	JGE  next
	CMPQ CALL_MUST(R12), $0
	JNE  done
next:
	ADDQ $CALL_SIZE, R12
	DECQ R13
	JMP  child
done:
	MOVL $111, DI
	MOVL $231, AX            // exit_group
	SYSCALL
	JMP  done
