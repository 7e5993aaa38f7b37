//! Programmes inside: the short intervention of 20 sessions, and the long ones at Ruiselede.
//! Always: a programme lies within the time inside for which it was planned; on a day on
//! which the prison is disrupted no session is held.

use super::care::not_delivered;
use super::held::HeldPeriod;
use super::life::Life;
use super::moment::Day;
use super::outcome::MeasuredPerson;
use super::place::{CodeText, Prison, RUISELEDE};
use super::quota;
use super::rates;
use super::say::Say;
use super::sender::SendingSystem;
use super::series::{Series, SeriesId};
use super::world::working_day;
use super::written::{CodeTexts, CodesRef};
use crate::domain::vocabulary::choice::{
    Eligibility, LegalStatus, MeasuredMoment, NotDeliveredCause, ProgrammeKind, Service,
    SessionForm, UnitKind,
};

/// Days from the enrolment to the first day of a programme.
const ENROLLED_DAYS_BEFORE: Day = 2;
/// The session after which a long programme measures its persons once more: halfway.
const DURING_SESSION: u32 = rates::LONG_SESSIONS / 2;

/// A programme of sessions.
#[derive(Clone, Copy)]
struct SessionProgramme {
    project: CodeText,
    kind: ProgrammeKind,
    prison: Prison,
    from: Day,
    to: Day,
    planned: u32,
    completed_from: u32,
    minutes: u32,
    eligibility: Eligibility,
}

/// Another prison in which a programme goes on.
#[derive(Clone, Copy)]
struct NextSite {
    project: CodeText,
    prison: Prison,
    /// The day of the transfer.
    day: Day,
}

/// Sessions of one course of a programme.
#[derive(Clone, Copy)]
struct SessionCount {
    /// Held under the running enrolment.
    here: u32,
    held: u32,
    lost: u32,
}

/// What sessions are about, in turn: the parts of the short intervention (the working group's note,
/// 2.1).
const TOPICS: &[CodesRef] = &[
    &(&["harmReduction"] as CodeTexts),
    &(&["motivation"] as CodeTexts),
    &(&["craving", "relapsePrevention"] as CodeTexts),
    &(&["network"] as CodeTexts),
    &(&["problemSolving"] as CodeTexts),
    &(&["relapsePrevention"] as CodeTexts),
    &(&["harmReduction", "network"] as CodeTexts),
];

impl Life<'_> {
    /// The short intervention of a prison, for persons in pretrial detention or with a sentence of
    /// at most 12 months.
    pub(super) fn short_intervention(&mut self, held: &mut HeldPeriod, from: Day, to: Day) {
        let start = from + 10;
        let (last, short) = (to - 30, held.sentence_days.is_some_and(|days| days <= 365));
        if start > last || (held.status != LegalStatus::Pretrial && !short) {
            return;
        }
        let Some(project) = self.world.short_intervention(held.prison, start) else { return };
        // A project whose referrals are counted takes only persons who were referred to the
        // project.
        let day = working_day(from + 2);
        let taken =
            quota::is_counted(project) && (self.world.counts(day) || self.world.counts(start));
        if !self.fate.given && (taken || self.fate.slot.is_some()) {
            return;
        }
        if !self.fate.meets(rates::SHORT_INTERVENTION, &mut self.dice) {
            return;
        }
        if !self.fate.given && project.starts_with("drugsDeBaas") {
            self.register(project, held.prison, day, to);
        }
        self.short_programme(project, held, start, to);
    }

    /// 20 sessions in 4 weeks, if enough time inside is left.
    pub(super) fn short_programme(
        &mut self,
        project: CodeText,
        held: &mut HeldPeriod,
        from: Day,
        to: Day,
    ) {
        if to - from < 30 {
            return;
        }
        let onward = self.next_site(held, from, to);
        held.goes_on_at = onward.map(|site| (site.day, site.prison));
        let pretrial = held.status == LegalStatus::Pretrial;
        let short = Eligibility::Sentence12MonthsOrLess;
        let programme = SessionProgramme {
            project,
            kind: ProgrammeKind::ShortIntervention,
            prison: held.prison,
            from,
            to: from + 30,
            planned: rates::SHORT_SESSIONS,
            completed_from: rates::SHORT_SESSIONS_MIN,
            minutes: 120,
            eligibility: if pretrial { Eligibility::Pretrial } else { short },
        };
        self.programme(programme, onward);
    }

    /// Another prison with a short intervention, to which the person is moved midway; never as long
    /// as referrals from this prison are awaited.
    fn next_site(&mut self, held: &HeldPeriod, from: Day, to: Day) -> Option<NextSite> {
        let awaited = self.fate.slot.is_some_and(|slot| slot.referrals > 1);
        if self.fate.given || awaited || to - from < 50 {
            return None;
        }
        if !self.dice.chance(rates::CONTINUED_ELSEWHERE) {
            return None;
        }
        let day = working_day(from + self.dice.between(6, 16));
        let (prison, project) = self.world.another_site(&mut self.dice, held.prison, day);
        Some(NextSite { project, prison, day })
    }

    /// Moves a person with enough time left to Ruiselede for the long programme.
    pub(super) fn long_programme_ahead(&mut self, held: &mut HeldPeriod, day: Day, exit: Day) {
        let start = day + 10;
        if self.fate.slot.is_some_and(|slot| slot.is_b_leave()) {
            self.move_to(held, RUISELEDE, day + 1);
            return self.long_programme("bLeave", start, exit);
        }
        let time = exit - day > rates::LONG_PROGRAMME_DAYS / 2;
        let offered = self.world.long_programmes(start - ENROLLED_DAYS_BEFORE);
        let open = offered.iter().any(|(_, weight)| *weight > 0);
        if self.fate.given || !self.fate.problem || !time || !open || held.prison == RUISELEDE {
            return;
        }
        if self.dice.chance(rates::LONG_PROGRAMME) {
            self.move_to(held, RUISELEDE, day + 1);
            let project = self.dice.pick(&offered);
            self.long_programme(project, start, exit);
        }
    }

    /// B.Leave or Perspectief: 8 months, two sessions a week.
    fn long_programme(&mut self, project: CodeText, from: Day, exit: Day) {
        let end = exit.min(from + rates::LONG_PROGRAMME_DAYS);
        // The sources do not say what kind of programme Perspectief is.
        let b_leave = project == "bLeave";
        let community = ProgrammeKind::PrisonTherapeuticCommunity;
        let kind = if b_leave { community } else { ProgrammeKind::Other };
        if b_leave && from < end {
            let unit = UnitKind::TherapeuticCommunity;
            self.on_unit(RUISELEDE, unit, (from, end), "programmeEnded");
        }
        let programme = SessionProgramme {
            project,
            kind,
            prison: RUISELEDE,
            from,
            to: end,
            planned: rates::LONG_SESSIONS,
            completed_from: rates::LONG_SESSIONS * 3 / 4,
            minutes: 90,
            eligibility: Eligibility::Other,
        };
        self.programme(programme, None);
    }

    /// Individual guidance by a project, some sessions in the months inside.
    pub(super) fn guidance(&mut self, project: CodeText, held: &HeldPeriod, from: Day, to: Day) {
        if to - from < 30 {
            return;
        }
        let programme = SessionProgramme {
            project,
            kind: ProgrammeKind::Ambulatory,
            prison: held.prison,
            from,
            to,
            planned: rates::GUIDANCE_SESSIONS,
            completed_from: rates::GUIDANCE_SESSIONS / 2,
            minutes: 60,
            eligibility: Eligibility::Other,
        };
        self.programme(programme, None);
    }

    fn programme(&mut self, mut programme: SessionProgramme, mut onward: Option<NextSite>) {
        let mut enrolment = self.enrol(&programme, None, programme.from - ENROLLED_DAYS_BEFORE);
        let mut measured = self.measured_at_start(programme.project, enrolment, programme.from);
        let daily = programme.kind == ProgrammeKind::ShortIntervention;
        let mut count = SessionCount { here: 0, held: 0, lost: 0 };
        let mut day = programme.from;
        for number in 0..programme.planned {
            day = if daily { working_day(day + 1) } else { working_day(day + 3) };
            if day > programme.to || !self.goes_on(day) {
                break;
            }
            if let Some(site) = onward.take_if(|site| day >= site.day) {
                self.transferred_away(&programme, enrolment, site.day);
                programme = SessionProgramme {
                    project: site.project,
                    prison: site.prison,
                    planned: programme.planned - count.held,
                    ..programme
                };
                day = working_day(site.day + 2);
                enrolment = self.enrol(&programme, Some(enrolment), site.day + 1);
                count.here = 0;
            }
            let source = SendingSystem::House(programme.project);
            let leaves = !self.fate.given && self.dice.chance(rates::PROGRAMME_LEFT);
            if leaves || (self.fate.leaves_programme && count.held == 5) {
                let reason = self.dice.pick(&[("byClient", 6), ("rules", 2)]);
                self.tell_on(day, source, Say::ProgrammeLeft { enrolment, reason });
                return;
            }
            let held = self.session(&programme, enrolment, day, count.lost);
            count.here += u32::from(held);
            count.held += u32::from(held);
            count.lost += u32::from(!held);
            if let Some(person) = measured.as_mut().filter(|_| number == DURING_SESSION) {
                self.measured_again(person, day, MeasuredMoment::During);
            }
        }
        self.programme_ends(&programme, enrolment, day.min(programme.to), count, measured);
    }

    fn programme_ends(
        &mut self,
        programme: &SessionProgramme,
        enrolment: SeriesId,
        day: Day,
        count: SessionCount,
        measured: Option<MeasuredPerson>,
    ) {
        let source = SendingSystem::House(programme.project);
        let time = self.dice.moment(day, 18, 18);
        let completed = count.held >= programme.completed_from;
        let say = if completed {
            Say::ProgrammeCompleted { enrolment, attended: count.here }
        } else {
            Say::ProgrammeLeft { enrolment, reason: "release" }
        };
        self.tell(time, source, say);
        if let Some(mut person) = measured.filter(|_| completed) {
            self.measured_at_end(&mut person, day);
        }
    }

    fn enrol(
        &mut self,
        programme: &SessionProgramme,
        continues: Option<SeriesId>,
        day: Day,
    ) -> SeriesId {
        let enrolment = self.new_id(Series::Enrolment);
        let say = Say::Enrolled {
            enrolment,
            project: programme.project,
            programme: programme.kind,
            planned: programme.planned,
            eligibility: programme.eligibility,
            continues,
        };
        self.tell_on(day, SendingSystem::House(programme.project), say);
        enrolment
    }

    /// The session of the day of a transfer is lost, and the enrolment ends.
    fn transferred_away(&mut self, programme: &SessionProgramme, enrolment: SeriesId, day: Day) {
        let session = self.new_id(Series::Session);
        let source = SendingSystem::House(programme.project);
        let say = Say::NotDelivered {
            cause: NotDeliveredCause::Transfer,
            service: Service::Session,
            facility: programme.prison.code(),
            project: Some(programme.project),
            planned: Some(session),
        };
        self.tell_on(day, source, say);
        let time = self.dice.moment(day, 18, 18);
        self.tell(time, source, Say::ProgrammeLeft { enrolment, reason: "transfer" });
    }

    /// Records one planned session; returns whether the session was held.
    fn session(
        &mut self,
        programme: &SessionProgramme,
        enrolment: SeriesId,
        day: Day,
        lost: u32,
    ) -> bool {
        let session = self.new_id(Series::Session);
        let project = programme.project;
        let disrupted = self.world.disrupted(programme.prison, day).and_then(not_delivered);
        let spared = self.fate.given && lost >= 5;
        if disrupted.is_some() || (self.dice.chance(rates::SESSION_LOST) && !spared) {
            let [staff, room, lockdown, client] = rates::SESSION_CAUSES;
            let drawn = self.dice.pick(&[
                (NotDeliveredCause::StaffShortage, staff),
                (NotDeliveredCause::RoomShortage, room),
                (NotDeliveredCause::Lockdown, lockdown),
                (NotDeliveredCause::Client, client),
            ]);
            let say = Say::NotDelivered {
                cause: disrupted.unwrap_or(drawn),
                service: Service::Session,
                facility: programme.prison.code(),
                project: Some(project),
                planned: Some(session),
            };
            self.tell_on(day, SendingSystem::House(project), say);
            return false;
        }
        let form = self.dice.pick(&[
            (SessionForm::Group, 6),
            (SessionForm::Individual, 3),
            (SessionForm::Peer, 1),
        ]);
        let individual = form == SessionForm::Individual;
        let minutes = if individual { 50 } else { programme.minutes };
        let topics = Some(TOPICS[usize::from(session.1) % TOPICS.len()]);
        let facilitators: CodesRef = match form {
            SessionForm::Peer => &(&["peerWorker"] as CodeTexts),
            SessionForm::Individual => &(&["counsellor"] as CodeTexts),
            SessionForm::Group => &(&["counsellor", "peerWorker"] as CodeTexts),
        };
        let facilitators = Some(facilitators);
        let say = Say::SessionHeld { enrolment, session, minutes, form, topics, facilitators };
        self.tell_on(day, SendingSystem::House(project), say);
        true
    }
}
