/* Invariants, checked in release builds too. Never for input: input errors are values. */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

/* Prints file, line and expression (never data) to stderr and aborts. */
_Noreturn void invariant_failed(const char *file, int line, const char *expr);

#define INVARIANT(expr) ((expr) ? (void)0 : invariant_failed(__FILE__, __LINE__, #expr))

#endif
