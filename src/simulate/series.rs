//! The ids that a sender numbers inside payloads: of detentions, stays, prescriptions and so on.
//! Always: each series counts separately for each person, so each id is unique for the person.

/// A series of ids that a sender numbers, from 1 for each person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Series {
    Detention,
    Sentence,
    Judgment,
    Modality,
    Stay,
    Prescription,
    Handover,
    Referral,
    Episode,
    Enrolment,
    Session,
    Placement,
    Plan,
    Appointment,
    Consent,
}

/// The number of [`Series`].
pub(super) const SERIES_COUNT: usize = Series::Consent as usize + 1;

impl Series {
    const fn code(self) -> &'static str {
        match self {
            Self::Detention => "detention-",
            Self::Sentence => "sentence-",
            Self::Judgment => "judgment-",
            Self::Modality => "modality-",
            Self::Stay => "stay-",
            Self::Prescription => "prescription-",
            Self::Handover => "handover-",
            Self::Referral => "referral-",
            Self::Episode => "episode-",
            Self::Enrolment => "enrolment-",
            Self::Session => "session-",
            Self::Placement => "placement-",
            Self::Plan => "plan-",
            Self::Appointment => "appointment-",
            Self::Consent => "consent-",
        }
    }
}

/// A sender's own id inside a payload, unique for the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SeriesId(pub(super) Series, pub(super) u16);

impl SeriesId {
    pub(super) fn text(self) -> String {
        numbered(self.0.code(), u32::from(self.1))
    }
}

/// `prefix` and a decimal number.
pub(super) fn numbered(prefix: &str, number: u32) -> String {
    let mut digits = [0; 10];
    let mut start = digits.len();
    let mut left = number;
    loop {
        start -= 1;
        digits[start] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    let mut out = String::with_capacity(prefix.len() + digits.len() - start);
    out.push_str(prefix);
    out.extend(digits[start..].iter().map(|digit| char::from(*digit)));
    out
}
