/* How well findings agree with annotated mentions. Pure.
 *
 * A mention is found when findings of any type cover half of it (in code points), found rightly when those of its own
 * label do. A finding is right when half of it lies in mentions of its label, exact when it has a mention's very bytes
 * and label. A token (as the tagger cuts them) counts as found when a finding touches it, as sensitive when a mention
 * does. A text is benign when it has no mention; a finding in it is an alarm. What lies in ignored mentions counts
 * neither way, and so do job titles where they were not marked. */
#ifndef CMD_MODEL_SCORE_H
#define CMD_MODEL_SCORE_H

#include "classifiers/classify.h"
#include "cmd/model_items.h"
#include "local_model/tokens.h"

/* Sums over texts, or over one label's mentions, findings and tokens. */
struct score {
	uint64_t texts, mentions, found, found_right;
	uint64_t findings, right, exact;
	uint64_t tokens_right, tokens_wrong, tokens_missed;
	uint64_t benign, alarms; /* texts */
};

enum { SCORE_GROUPS = 512, SCORE_NAME = 32 };

/* Sums by a name that texts carry; names beyond the last group are summed up as "…". */
struct score_group {
	char name[SCORE_NAME];
	struct score score;
};
struct score_groups {
	struct score_group v[SCORE_GROUPS];
	size_t n;
};

struct scores {
	struct score all, labels[LABEL_COUNT];
	struct score_groups languages, domains;
	uint64_t labels_counted; /* bit per label: findings of others count neither way */
	struct alphabet alphabet;
};

/* A finding with its label. */
struct labelled {
	uint32_t start, end;
	enum label label;
};

void score_add(struct score *to, const struct score *add);
/* Most mentions first. */
void score_groups_sort(struct score_groups *g);

void scores_init(struct scores *s, uint64_t labels_counted);
/* ERR_NOMEM. */
enum err scores_add(struct scores *s, const struct item *item, const struct labelled *found, size_t n,
		    struct arena *a) MUST;

struct share {
	uint64_t k, n;
	double value, low, high; /* Wilson's interval, 95 %; zero if n is */
};
struct share share_of(uint64_t k, uint64_t n) MUST;
struct share score_recall(const struct score *s) MUST;
struct share score_recall_right(const struct score *s) MUST;
struct share score_precision(const struct score *s) MUST; /* of tokens */
struct share score_alarms(const struct score *s) MUST;
/* Of tokens, recall weighing four times as much as precision; of exact findings. */
double score_f2(const struct score *s) MUST;
double score_exact_f1(const struct score *s) MUST;

#endif
