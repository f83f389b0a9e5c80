#include "rules/lex.h"

#include <stdio.h>

static bool leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t month_days(int64_t year, int64_t month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return days[month - 1] + (month == 2 && leap(year) ? 1 : 0);
}

/* Days from 0000-01-01 to January 1 of the year, in the proleptic Gregorian calendar. */
static int64_t year_start(int64_t year)
{
	int64_t past = year - 1;
	return year == 0 ? 0 : 366 + past * 365 + past / 4 - past / 100 + past / 400;
}

enum { EPOCH_YEAR = 1970 };

bool date_parse(struct span text, int64_t *days)
{
	uint64_t year, month, day;
	if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-')
		return false;
	if (!span_u64(span_sub(text, 0, 4), &year) || !span_u64(span_sub(text, 5, 7), &month) ||
	    !span_u64(span_sub(text, 8, 10), &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || (int64_t)day > month_days((int64_t)year, (int64_t)month))
		return false;
	int64_t n = year_start((int64_t)year) - year_start(EPOCH_YEAR) + (int64_t)day - 1;
	for (int64_t m = 1; m < (int64_t)month; m++)
		n += month_days((int64_t)year, m);
	*days = n;
	return true;
}

void date_print(int64_t days, char out[16])
{
	int64_t first = -year_start(EPOCH_YEAR), last = year_start(10000) - year_start(EPOCH_YEAR) - 1;
	int64_t n = (days < first ? first : days > last ? last : days) - first;
	int64_t year = n / 366, month = 1;
	while (year < 9999 && year_start(year + 1) <= n)
		year++;
	n -= year_start(year);
	for (; n >= month_days(year, month); month++)
		n -= month_days(year, month);
	snprintf(out, 16, "%04d-%02d-%02d", (int)(year % 10000), (int)(month % 100), (int)((n + 1) % 100));
}
