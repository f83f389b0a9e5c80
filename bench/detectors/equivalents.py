"""Which of Presidio's entities means what a detector of ours means. A detector that is missing here has no counterpart.

Generous where kinds overlap: a passport of any country will do for a passport number, a link for a profile's link.
"""

PRESIDIO = {
    "AD_ID": "UUID",
    "AU_ABN": "AU_ABN",
    "AU_ACN": "AU_ACN",
    "AU_MEDICARE": "AU_MEDICARE",
    "AU_TFN": "AU_TFN",
    "BIRTH_DATE": "DATE_TIME",
    "BTC_BECH32": "CRYPTO",
    "BTC_P2PKH": "CRYPTO",
    "CARD": "CREDIT_CARD",
    "CARE_DATE": "DATE_TIME",
    "CA_POSTCODE": "CA_POSTAL_CODE",
    "CA_SIN": "CA_SIN",
    "DE_DL": "DE_FUEHRERSCHEIN",
    "DE_KVNR": "DE_HEALTH_INSURANCE",
    "DE_LANR": "DE_LANR",
    "DE_PERSO": "DE_ID_CARD",
    "DE_PLATE": "DE_KFZ",
    "DE_RVNR": "DE_SOCIAL_SECURITY",
    "DE_STEUERID": "DE_TAX_ID",
    "DE_USTID": "DE_VAT_ID",
    "EMAIL": "EMAIL_ADDRESS",
    "ES_DL": "ES_NIF",
    "ES_DNI": "ES_NIF",
    "ES_NIE": "ES_NIE",
    "FI_HETU": "FI_PERSONAL_IDENTITY_CODE",
    "GB_DL": "UK_DRIVING_LICENCE",
    "GB_NHS": "UK_NHS",
    "GB_NINO": "UK_NINO",
    "IBAN": "IBAN_CODE",
    "IN_AADHAAR": "IN_AADHAAR",
    "IN_GSTIN": "IN_GSTIN",
    "IN_PAN": "IN_PAN",
    "IPV4": "IP_ADDRESS",
    "IPV6": "IP_ADDRESS",
    "IT_CF": "IT_FISCAL_CODE",
    "IT_DL": "IT_DRIVER_LICENSE",
    "KR_BRN": "KR_BRN",
    "KR_RRN": "KR_RRN",
    "MAC": "MAC_ADDRESS",
    "PASSPORT": "DE_PASSPORT ES_PASSPORT IN_PASSPORT IT_PASSPORT KR_PASSPORT PH_PASSPORT UK_PASSPORT US_PASSPORT ZA_PASSPORT",
    "PHONE_E164": "PHONE_NUMBER",
    "PHONE_NANP": "PHONE_NUMBER",
    "PHONE_NATIONAL": "PHONE_NUMBER",
    "PL_PESEL": "PL_PESEL",
    "POSTCODE_5": "DE_PLZ",
    "PROFILE_URL": "URL",
    "SE_PNR": "SE_PERSONNUMMER",
    "SG_NRIC": "SG_NRIC_FIN",
    "TH_PIN": "TH_TNIN",
    "TR_TCKN": "TR_NATIONAL_ID",
    "UK_PLATE": "UK_VEHICLE_REGISTRATION",
    "UK_POSTCODE": "UK_POSTCODE",
    "US_ABA": "ABA_ROUTING_NUMBER",
    "US_ACCOUNT": "US_BANK_NUMBER",
    "US_DEA": "MEDICAL_LICENSE",
    "US_DL": "US_DRIVER_LICENSE",
    "US_DL_CA": "US_DRIVER_LICENSE",
    "US_EIN": "US_PROVIDER_TAX_ID",
    "US_ITIN": "US_ITIN",
    "US_MBI": "US_MBI",
    "US_NPI": "US_NPI",
    "US_PASSPORT": "US_PASSPORT",
    "US_SSN": "US_SSN",
    "ZA_ID": "ZA_ID_NUMBER",
}


def presidio(detector: str) -> set[str]:
    return set(PRESIDIO.get(detector, "").split())


# Kinds of findings in text that is not about persons: what each tool calls what it found there.
KINDS = {
    "e-mail address": "contact.email EMAIL_ADDRESS",
    "link": "contact.url URL",
    "date or age": "time.date person.birth_date person.age DATE_TIME AGE",
    "name, place, organisation, profession": "person.name person.username person.profession org.name place.address place.city place.region "
    "place.country PERSON LOCATION ORGANIZATION NRP",
}


def kind(type_: str) -> str:
    return next((k for k, types in KINDS.items() if type_ in types.split()), "anything else")
