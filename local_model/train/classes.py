"""The classes the tagger knows: label in the prompts, dotted type in the findings. Their order is the order in the model file."""

CLASSES = [
    ("PERSON", "person.name"), ("USERNAME", "person.username"), ("AGE", "person.age"), ("DOB", "person.birth_date"),
    ("PROFESSION", "person.profession"), ("DATE", "time.date"), ("ADDRESS", "place.address"), ("LOCATION", "place.city"),
    ("ORG", "org.name"), ("ID", "id.employee"), ("HEALTH", "health.condition"), ("MED", "health.medication"),
    ("RELIGION", "belief.religion"), ("POLITICS", "belief.politics"), ("UNION", "work.union"), ("ETHNICITY", "origin.ethnicity"),
    ("ORIENTATION", "life.orientation"), ("GENETIC", "bio.genetic"), ("BIOMETRIC", "bio.biometric"), ("OFFENCE", "law.offence"),
    ("PHONE", "contact.phone"), ("BANK", "finance.account"), ("CARD", "finance.card"), ("VEHICLE", "vehicle.id"),
]
NAMES = [c[0] for c in CLASSES]
INDEX = {name: i for i, name in enumerate(NAMES)}
N_LABELS = 1 + 4 * len(CLASSES)  # O, then B I E S of each class


def label(cls: int, part: str) -> int:
    return 1 + 4 * cls + "BIES".index(part)
