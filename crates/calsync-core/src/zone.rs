//! Time zones by their primary names. IANA renames zones and keeps the old names as aliases, and Google
//! answers whichever it prefers: names that mean the same zone must compare as the same.

use jiff::tz::TimeZone;

/// The name under which the zone `name` is kept: IANA's present one, in its own spelling. None where
/// `name` is no place's zone.
pub fn primary(name: &str) -> Option<String> {
    let plausible = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+-/".contains(c));
    if !plausible || NOT_A_ZONE.iter().any(|refused| starts_with(name, refused)) {
        return None;
    }
    if let Ok(at) = ALIASES.binary_search_by(|(alias, _)| compare(alias, name)) {
        return Some(ALIASES[at].1.to_owned());
    }
    TimeZone::get(name).ok()?.iana_name().map(str::to_owned)
}

/// Whether two names mean the same zone.
pub fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || primary(one).is_some_and(|name| primary(other) == Some(name))
}

/// Names in zone databases that stand for no place, and the folders of databases within databases.
const NOT_A_ZONE: [&str; 5] = ["Factory", "localtime", "posix/", "posixrules", "right/"];

fn starts_with(name: &str, start: &str) -> bool {
    name.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// In the order of the letters, whatever their case.
fn compare(one: &str, other: &str) -> std::cmp::Ordering {
    one.bytes().map(|b| b.to_ascii_lowercase()).cmp(other.bytes().map(|b| b.to_ascii_lowercase()))
}

/// Alias and primary name, sorted without regard to case.
///
/// Source: the links of the IANA time zone database, release 2026f (public domain), but for names that its
/// `zone.tab` lists for a country of their own: those are primary names. UTC has the name that RFC 3339
/// and the contract give it.
const ALIASES: &[(&str, &str)] = &[
    ("Africa/Asmera", "Africa/Nairobi"),
    ("Africa/Timbuktu", "Africa/Abidjan"),
    ("America/Argentina/ComodRivadavia", "America/Argentina/Catamarca"),
    ("America/Atka", "America/Adak"),
    ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
    ("America/Catamarca", "America/Argentina/Catamarca"),
    ("America/Coral_Harbour", "America/Panama"),
    ("America/Cordoba", "America/Argentina/Cordoba"),
    ("America/Ensenada", "America/Tijuana"),
    ("America/Fort_Wayne", "America/Indiana/Indianapolis"),
    ("America/Godthab", "America/Nuuk"),
    ("America/Indianapolis", "America/Indiana/Indianapolis"),
    ("America/Jujuy", "America/Argentina/Jujuy"),
    ("America/Knox_IN", "America/Indiana/Knox"),
    ("America/Louisville", "America/Kentucky/Louisville"),
    ("America/Mendoza", "America/Argentina/Mendoza"),
    ("America/Montreal", "America/Toronto"),
    ("America/Nipigon", "America/Toronto"),
    ("America/Pangnirtung", "America/Iqaluit"),
    ("America/Porto_Acre", "America/Rio_Branco"),
    ("America/Rainy_River", "America/Winnipeg"),
    ("America/Rosario", "America/Argentina/Cordoba"),
    ("America/Santa_Isabel", "America/Tijuana"),
    ("America/Shiprock", "America/Denver"),
    ("America/Thunder_Bay", "America/Toronto"),
    ("America/Virgin", "America/Puerto_Rico"),
    ("America/Yellowknife", "America/Edmonton"),
    ("Antarctica/South_Pole", "Pacific/Auckland"),
    ("Asia/Ashkhabad", "Asia/Ashgabat"),
    ("Asia/Calcutta", "Asia/Kolkata"),
    ("Asia/Choibalsan", "Asia/Ulaanbaatar"),
    ("Asia/Chongqing", "Asia/Shanghai"),
    ("Asia/Chungking", "Asia/Shanghai"),
    ("Asia/Dacca", "Asia/Dhaka"),
    ("Asia/Harbin", "Asia/Shanghai"),
    ("Asia/Istanbul", "Europe/Istanbul"),
    ("Asia/Kashgar", "Asia/Urumqi"),
    ("Asia/Katmandu", "Asia/Kathmandu"),
    ("Asia/Macao", "Asia/Macau"),
    ("Asia/Rangoon", "Asia/Yangon"),
    ("Asia/Saigon", "Asia/Ho_Chi_Minh"),
    ("Asia/Tel_Aviv", "Asia/Jerusalem"),
    ("Asia/Thimbu", "Asia/Thimphu"),
    ("Asia/Ujung_Pandang", "Asia/Makassar"),
    ("Asia/Ulan_Bator", "Asia/Ulaanbaatar"),
    ("Atlantic/Faeroe", "Atlantic/Faroe"),
    ("Atlantic/Jan_Mayen", "Europe/Berlin"),
    ("Australia/ACT", "Australia/Sydney"),
    ("Australia/Canberra", "Australia/Sydney"),
    ("Australia/Currie", "Australia/Hobart"),
    ("Australia/LHI", "Australia/Lord_Howe"),
    ("Australia/North", "Australia/Darwin"),
    ("Australia/NSW", "Australia/Sydney"),
    ("Australia/Queensland", "Australia/Brisbane"),
    ("Australia/South", "Australia/Adelaide"),
    ("Australia/Tasmania", "Australia/Hobart"),
    ("Australia/Victoria", "Australia/Melbourne"),
    ("Australia/West", "Australia/Perth"),
    ("Australia/Yancowinna", "Australia/Broken_Hill"),
    ("Brazil/Acre", "America/Rio_Branco"),
    ("Brazil/DeNoronha", "America/Noronha"),
    ("Brazil/East", "America/Sao_Paulo"),
    ("Brazil/West", "America/Manaus"),
    ("Canada/Atlantic", "America/Halifax"),
    ("Canada/Central", "America/Winnipeg"),
    ("Canada/Eastern", "America/Toronto"),
    ("Canada/Mountain", "America/Edmonton"),
    ("Canada/Newfoundland", "America/St_Johns"),
    ("Canada/Pacific", "America/Vancouver"),
    ("Canada/Saskatchewan", "America/Regina"),
    ("Canada/Yukon", "America/Whitehorse"),
    ("Chile/Continental", "America/Santiago"),
    ("Chile/EasterIsland", "Pacific/Easter"),
    ("Cuba", "America/Havana"),
    ("Egypt", "Africa/Cairo"),
    ("Eire", "Europe/Dublin"),
    ("Etc/GMT+0", "Etc/GMT"),
    ("Etc/GMT-0", "Etc/GMT"),
    ("Etc/GMT0", "Etc/GMT"),
    ("Etc/Greenwich", "Etc/GMT"),
    ("Etc/UCT", "UTC"),
    ("Etc/Universal", "UTC"),
    ("Etc/UTC", "UTC"),
    ("Etc/Zulu", "UTC"),
    ("Europe/Belfast", "Europe/London"),
    ("Europe/Kiev", "Europe/Kyiv"),
    ("Europe/Nicosia", "Asia/Nicosia"),
    ("Europe/Tiraspol", "Europe/Chisinau"),
    ("Europe/Uzhgorod", "Europe/Kyiv"),
    ("Europe/Zaporozhye", "Europe/Kyiv"),
    ("GB", "Europe/London"),
    ("GB-Eire", "Europe/London"),
    ("GMT", "Etc/GMT"),
    ("GMT+0", "Etc/GMT"),
    ("GMT-0", "Etc/GMT"),
    ("GMT0", "Etc/GMT"),
    ("Greenwich", "Etc/GMT"),
    ("Hongkong", "Asia/Hong_Kong"),
    ("Iceland", "Africa/Abidjan"),
    ("Iran", "Asia/Tehran"),
    ("Israel", "Asia/Jerusalem"),
    ("Jamaica", "America/Jamaica"),
    ("Japan", "Asia/Tokyo"),
    ("Kwajalein", "Pacific/Kwajalein"),
    ("Libya", "Africa/Tripoli"),
    ("Mexico/BajaNorte", "America/Tijuana"),
    ("Mexico/BajaSur", "America/Mazatlan"),
    ("Mexico/General", "America/Mexico_City"),
    ("Navajo", "America/Denver"),
    ("NZ", "Pacific/Auckland"),
    ("NZ-CHAT", "Pacific/Chatham"),
    ("Pacific/Enderbury", "Pacific/Kanton"),
    ("Pacific/Johnston", "Pacific/Honolulu"),
    ("Pacific/Ponape", "Pacific/Guadalcanal"),
    ("Pacific/Samoa", "Pacific/Pago_Pago"),
    ("Pacific/Truk", "Pacific/Port_Moresby"),
    ("Pacific/Yap", "Pacific/Port_Moresby"),
    ("Poland", "Europe/Warsaw"),
    ("Portugal", "Europe/Lisbon"),
    ("PRC", "Asia/Shanghai"),
    ("ROC", "Asia/Taipei"),
    ("ROK", "Asia/Seoul"),
    ("Singapore", "Asia/Singapore"),
    ("Turkey", "Europe/Istanbul"),
    ("UCT", "UTC"),
    ("Universal", "UTC"),
    ("US/Alaska", "America/Anchorage"),
    ("US/Aleutian", "America/Adak"),
    ("US/Arizona", "America/Phoenix"),
    ("US/Central", "America/Chicago"),
    ("US/East-Indiana", "America/Indiana/Indianapolis"),
    ("US/Eastern", "America/New_York"),
    ("US/Hawaii", "Pacific/Honolulu"),
    ("US/Indiana-Starke", "America/Indiana/Knox"),
    ("US/Michigan", "America/Detroit"),
    ("US/Mountain", "America/Denver"),
    ("US/Pacific", "America/Los_Angeles"),
    ("US/Samoa", "Pacific/Pago_Pago"),
    ("W-SU", "Europe/Moscow"),
    ("Zulu", "UTC"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_leads_to_primary_names_in_one_step() {
        assert!(ALIASES.is_sorted_by(|(one, _), (other, _)| compare(one, other).is_lt()));
        for (alias, name) in ALIASES {
            assert_eq!(primary(alias).as_deref(), Some(*name), "{alias}");
            assert_eq!(primary(name).as_deref(), Some(*name), "{name} is primary");
        }
    }

    #[test]
    fn zones_are_kept_by_their_primary_names() {
        for (name, kept) in [
            ("asia/calcutta", Some("Asia/Kolkata")),
            ("ASIA/SEOUL", Some("Asia/Seoul")),
            ("utc", Some("UTC")),
            ("etc/utc", Some("UTC")),
            ("Europe/Kiev", Some("Europe/Kyiv")),
            ("us/eastern", Some("America/New_York")),
            ("europe/amsterdam", Some("Europe/Amsterdam")),
            ("Etc/GMT-9", Some("Etc/GMT-9")),
            ("factory", None),
            ("localtime", None),
            ("posixrules", None),
            ("posix/Asia/Seoul", None),
            ("Asia/Atlantis", None),
            ("GMT+01:00", None),
            ("", None),
        ] {
            assert_eq!(primary(name).as_deref(), kept, "{name}");
        }
    }

    #[test]
    fn every_zone_that_is_known_here_has_a_primary_name_for_the_same_times() {
        for name in jiff::tz::db().available().map(|name| name.to_string()) {
            let Some(kept) = primary(&name) else { continue };
            let (one, other) = (TimeZone::get(&name).expect("a zone"), TimeZone::get(&kept).expect("a zone"));
            for second in [946_684_800, 1_900_000_000, 1_915_000_000] {
                let instant = jiff::Timestamp::from_second(second).expect("an instant");
                assert_eq!(one.to_offset(instant), other.to_offset(instant), "{name} is not {kept}");
            }
        }
    }

    #[test]
    fn names_of_the_same_zone_are_the_same() {
        assert!(is_same("Asia/Kolkata", "Asia/Calcutta") && is_same("utc", "Etc/UTC"));
        assert!(is_same("GMT+01:00", "gmt+01:00"), "also of a zone that nobody knows");
        assert!(!is_same("Asia/Seoul", "Asia/Tokyo") && !is_same("GMT+01:00", "GMT+02:00"));
    }
}
