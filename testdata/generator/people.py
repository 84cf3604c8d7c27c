"""The platform's users: invented people, each with a language and a time zone."""

from dataclasses import dataclass

USERS = 220
LATE = 6
"""So many join in the middle of the month."""

# Name as written, and as spelt in a mail address.
KOREAN = (
    [("김", "kim"), ("이", "lee"), ("박", "park"), ("최", "choi"), ("정", "jung"), ("강", "kang"), ("윤", "yoon"), ("한", "han")],
    [("민서", "minseo"), ("서연", "seoyeon"), ("도윤", "doyun"), ("하은", "haeun"), ("지호", "jiho"), ("유진", "yujin"),
     ("현우", "hyunwoo"), ("수아", "sua"), ("준영", "junyoung"), ("다인", "dain")],
)
JAPANESE = (
    [("佐藤", "sato"), ("鈴木", "suzuki"), ("高橋", "takahashi"), ("田中", "tanaka"), ("渡辺", "watanabe"), ("小林", "kobayashi"),
     ("髙田", "takada")],
    [("陽菜", "hina"), ("蓮", "ren"), ("結衣", "yui"), ("大翔", "hiroto"), ("さくら", "sakura"), ("悠真", "yuma"), ("葵", "aoi"),
     ("健太", "kenta")],
)
ENGLISH = (
    [("Walker", "walker"), ("O’Neill", "oneill"), ("Bennett", "bennett"), ("Okafor", "okafor"), ("Nguyen", "nguyen"),
     ("Santos", "santos"), ("Fletcher", "fletcher"), ("Adeyemi", "adeyemi")],
    [("Grace", "grace"), ("Liam", "liam"), ("Zoë", "zoe"), ("Marcus", "marcus"), ("Priya", "priya"), ("Anaïs", "anais"),
     ("Tunde", "tunde"), ("Ruth", "ruth"), ("Caleb", "caleb")],
)
GERMAN = (
    [("Müller", "mueller"), ("Schäfer", "schaefer"), ("Weiß", "weiss"), ("Brandt", "brandt"), ("Köhler", "koehler")],
    [("Jörg", "joerg"), ("Annika", "annika"), ("Matthias", "matthias"), ("Frieda", "frieda"), ("Søren", "soeren")],
)
FRENCH = (
    [("Lefèvre", "lefevre"), ("Moreau", "moreau"), ("Garçon", "garcon"), ("Dubois", "dubois")],
    [("Éloïse", "eloise"), ("Théo", "theo"), ("Chloé", "chloe"), ("Hugo", "hugo")],
)
ARABIC = (
    [("الحربي", "alharbi"), ("القحطاني", "alqahtani"), ("الزهراني", "alzahrani"), ("العتيبي", "alotaibi")],
    [("نورة", "noura"), ("فهد", "fahad"), ("ريم", "reem"), ("عبد الله", "abdullah"), ("ليلى", "layla")],
)
INDIAN = (
    [("शर्मा", "sharma"), ("Iyer", "iyer"), ("पटेल", "patel"), ("Reddy", "reddy"), ("थापा", "thapa")],
    [("अनन्या", "ananya"), ("Rohan", "rohan"), ("Kavya", "kavya"), ("अर्जुन", "arjun"), ("Meera", "meera")],
)
PORTUGUESE = (
    [("Gonçalves", "goncalves"), ("Araújo", "araujo"), ("Conceição", "conceicao")],
    [("João", "joao"), ("Beatriz", "beatriz"), ("Thaís", "thais"), ("Caio", "caio")],
)

# Zone: how common, whose names, locales.
ORIGINS = {
    "Asia/Seoul": (46, KOREAN, ["ko"]),
    "Asia/Tokyo": (40, JAPANESE, ["ja"]),
    "America/New_York": (24, ENGLISH, ["en"]),
    "America/Chicago": (9, ENGLISH, ["en"]),
    "America/Los_Angeles": (18, ENGLISH, ["en", "ko"]),
    "America/Sao_Paulo": (7, PORTUGUESE, ["pt-BR"]),
    "Europe/London": (15, ENGLISH, ["en-GB"]),
    "Europe/Berlin": (12, GERMAN, ["de"]),
    "Europe/Paris": (8, FRENCH, ["fr"]),
    "Asia/Kolkata": (14, INDIAN, ["en-IN"]),
    "Asia/Kathmandu": (3, INDIAN, ["en"]),
    "Asia/Singapore": (7, ENGLISH, ["en", "ja"]),
    "Asia/Riyadh": (8, ARABIC, ["ar"]),
    "Africa/Lagos": (5, ENGLISH, ["en"]),
    "Australia/Sydney": (8, ENGLISH, ["en-AU"]),
    "Australia/Adelaide": (3, ENGLISH, ["en-AU"]),
}
FAMILY_NAME_FIRST = (KOREAN, JAPANESE)


@dataclass(frozen=True)
class User:
    user_id: str
    email: str
    name: str
    time_zone: str
    locale: str

    @property
    def language(self):
        return self.locale.split("-")[0]

    def put(self, **changes):
        """The line that tells of this user, as they are or after `changes`."""
        return {"op": "put_user"} | vars(self) | changes


def invent(dice):
    weights = {zone: weight for zone, (weight, _, _) in ORIGINS.items()}
    # Every zone is somebody's; the others as they come.
    zones = list(ORIGINS) + [dice.pick_weighted(weights) for _ in range(USERS - len(ORIGINS))]
    return [_user(dice, 1001 + number, zone) for number, zone in enumerate(zones)]


def _user(dice, number, zone):
    _, names, locales = ORIGINS[zone]
    (family, family_spelt), (given, given_spelt) = (dice.pick(part) for part in names)
    if names in FAMILY_NAME_FIRST:
        name = family + ("" if names is KOREAN else " ") + given
    else:
        name = f"{given} {family}"
    email = f"{given_spelt}.{family_spelt}{number % 1000}@{dice.pick(['example.org', 'example.com', 'example.net'])}"
    return User(f"u{number}", email, name, zone, dice.pick(locales))
