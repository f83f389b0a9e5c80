/* The facts of one unit and of one candidate destination: what the decision step runs on and the record keeps. */
#ifndef BASE_FACTS_H
#define BASE_FACTS_H

#include "base/country.h"
#include "base/finding.h"

enum fact_kind { FACT_BOOL, FACT_NUM, FACT_DATE, FACT_ENUM, FACT_TEXT, FACT_COUNTRY, FACT_COUNTRIES };
enum fact_scope { FACT_REQUEST, FACT_DEST };

enum fact_id {
#define FACT(number, name, path, kind, scope, values, doc) F_##name,
#include "base/facts.def"
#undef FACT
	FACT_COUNT
};
#define FACT_FIRST_DEST F_DEST_ID
enum { FACT_REQUEST_COUNT = FACT_FIRST_DEST, FACT_DEST_COUNT = FACT_COUNT - FACT_FIRST_DEST };

struct fact_info {
	uint16_t number;
	const char *path;
	enum fact_kind kind;
	enum fact_scope scope;
	const char *values; /* "a|b|c" for FACT_ENUM */
	const char *doc;
};
const struct fact_info *fact_info(enum fact_id id) MUST;
/* FACT_COUNT if there is none. */
enum fact_id fact_by_path(struct span path) MUST;
enum fact_id fact_by_number(uint64_t number) MUST;

struct fact {
	bool known;
	union {
		bool flag;              /* FACT_BOOL */
		int64_t num;            /* FACT_NUM, FACT_DATE */
		struct span text;       /* FACT_TEXT, FACT_ENUM; memory is the setter's */
		country cc;             /* FACT_COUNTRY */
		struct country_set set; /* FACT_COUNTRIES */
	};
};

enum data_origin { DATA_DETECTED = 1, DATA_DECLARED = 2 };

/* One kind of data in the unit: declared and detected together. */
struct data_item {
	struct span type;  /* dotted name; lives as long as the snapshot */
	class_set classes; /* legal classes of this type here, combinations included */
	uint32_t count;    /* findings of the type */
	uint8_t score;     /* the best one's */
	uint8_t origin;    /* enum data_origin bits */
	uint8_t views;     /* bit per enum view */
};

enum { FACTS_MAX_DATA = 128 };

struct facts {
	struct fact v[FACT_REQUEST_COUNT];
	struct data_item data[FACTS_MAX_DATA]; /* sorted by type name */
	size_t n_data;
	class_set classes; /* union over data, plus those that only the combination makes (PHI, personal from quasi) */
};

struct dest_facts {
	struct fact v[FACT_DEST_COUNT];
};

/* Setters check kind and scope as invariants. */
void facts_set_bool(struct facts *f, enum fact_id id, bool v);
void facts_set_num(struct facts *f, enum fact_id id, int64_t v);
void facts_set_text(struct facts *f, enum fact_id id, struct span v); /* TEXT and ENUM; a null span is ignored */
void facts_set_country(struct facts *f, enum fact_id id, country v);  /* COUNTRY_NONE is ignored */
void facts_set_countries(struct facts *f, enum fact_id id, const struct country_set *v);
void dest_facts_set_bool(struct dest_facts *f, enum fact_id id, bool v);
void dest_facts_set_num(struct dest_facts *f, enum fact_id id, int64_t v);
void dest_facts_set_text(struct dest_facts *f, enum fact_id id, struct span v);
void dest_facts_set_country(struct dest_facts *f, enum fact_id id, country v);
void dest_facts_set_countries(struct dest_facts *f, enum fact_id id, const struct country_set *v);

/* The value of a fact of either scope. */
const struct fact *fact_get(const struct facts *f, const struct dest_facts *d, enum fact_id id) MUST;

/* Adds to the item of that type (or makes one, in order). ERR_LIMIT-like overflow returns false: the caller must then
 * treat coverage as failed. */
bool facts_add_data(struct facts *f, struct data_item item) MUST;

/* Is a dotted type matched by a pattern: equal, or pattern "health.*"? */
bool type_matches(struct span type, struct span pattern) MUST;

#endif
