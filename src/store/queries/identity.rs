//! Which party keys are one customer, why, and which may be.
//!
//! Nothing is stored about it but clues: whoever asks gets the cluster of a key, found through clues and decisions round by
//! round, and the ledger links it. What rules and points are, `ledger::identity` knows.

use std::collections::{BTreeSet, HashMap};

use crate::domain::{FactKind, Id};
use crate::ledger::identity::{
    Clue, Decided, Directory, Edge, Evidence, Linked, MAX_SHARED, PartyKey, Proposal, Refused, link,
};
use crate::ledger::{Document, decision};
use crate::store::engine::Tx;
use crate::store::error::Result;
use crate::store::settle::people::decisions_about;
use crate::store::{Store, documents};

/// Party keys that a rule or a decision ties together, whether or not they are one.
#[derive(Debug, Clone, Default)]
pub struct Kinship {
    pub documents: HashMap<Id, Document>,
    /// Link and split decisions that nobody took back, in the order in which they were made.
    pub decisions: Vec<Document>,
}

impl Kinship {
    /// Adds these keys, and whoever rules and decisions lead to from them, until nobody new is found.
    async fn follow(&mut self, tx: &mut Tx, parties: &[Id]) -> Result<()> {
        let mut seen: BTreeSet<Id> = self.documents.keys().copied().collect();
        let mut fresh: Vec<Id> = parties.iter().copied().filter(|party| seen.insert(*party)).collect();
        while !fresh.is_empty() {
            let mut found = documents::load(tx, &fresh).await?;
            found.retain(|_, document| document.kind == FactKind::Party);
            let ties: BTreeSet<Clue> =
                found.values().filter_map(PartyKey::of).flat_map(|key| key.ties().collect::<Vec<_>>()).collect();
            let ties: Vec<String> = ties.iter().map(|clue| clue.text().to_owned()).collect();
            let rows = tx.fetch_in(WHO_SHARES, &ties, Vec::new()).await?;
            let mut next: BTreeSet<Id> = rows.iter().map(|row| row.id(0)).collect::<Result<_>>()?;
            for said in decisions_about(tx, &fresh).await? {
                let Some(decided) = Decided::of(&said) else { continue };
                next.extend([decided.a, decided.b]);
                self.decisions.push(said);
            }
            self.documents.extend(found);
            fresh = next.into_iter().filter(|party| seen.insert(*party)).collect();
        }
        self.decisions.sort_by_key(|said| (said.fields.instant("decided_at"), said.id));
        self.decisions.dedup_by_key(|said| said.id);
        Ok(())
    }

    pub fn keys(&self) -> Vec<PartyKey> {
        self.documents.values().filter_map(PartyKey::of).collect()
    }

    pub fn decided(&self) -> Vec<Decided> {
        self.decisions.iter().filter_map(Decided::of).collect()
    }

    /// The keys that are one with this one, itself too, by book, number range and code.
    pub fn component(&self, linked: &Linked, party: Id) -> Vec<Document> {
        let members = linked.components.iter().find(|members| members.contains(&party));
        let found = members.into_iter().flatten().filter_map(|member| self.documents.get(member));
        sorted(found.cloned().collect())
    }
}

/// One customer: its keys, why they are one, and what may be one of them.
#[derive(Debug, Clone)]
pub struct Identified {
    /// By book, number range and code.
    pub members: Vec<Document>,
    /// Why they are one.
    pub edges: Vec<Edge>,
    /// What would have made one of them one with another key, and was not followed.
    pub refused: Vec<Refused>,
    /// Link and split decisions about one of them, in the order in which they were made.
    pub decisions: Vec<Document>,
    /// One side of each is a member; the weightiest first.
    pub proposals: Vec<Proposal>,
    /// Members, and whoever the rest speaks of.
    pub documents: HashMap<Id, Document>,
}

/// Two party keys that may be one customer.
#[derive(Debug, Clone)]
pub struct IdentityProposal {
    pub a: Document,
    pub b: Document,
    pub evidence: Evidence,
}

const ALL: &str = concat!("SELECT ", documents::document_columns!(), " FROM document d WHERE d.kind = 'party'");
const ALL_DECISIONS: &str =
    concat!("SELECT ", documents::document_columns!(), " FROM document d WHERE d.kind = 'decision' AND d.role = 0");
pub(super) const SHARED_BY: &str = "SELECT clue, COUNT(*) FROM party_clue WHERE clue {keys} GROUP BY clue";
pub(super) const WHO_SHARES: &str = "SELECT party FROM party_clue WHERE clue {keys}";

impl Store {
    /// Everything that is tied to any of these, as it would be linked.
    pub async fn kinship(&self, parties: &[Id]) -> Result<Kinship> {
        let mut kinship = Kinship::default();
        kinship.follow(&mut self.engine.read().await?, parties).await?;
        Ok(kinship)
    }

    /// The customer that a party key belongs to.
    pub async fn identity(&self, party: Id) -> Result<Identified> {
        let mut tx = self.engine.read().await?;
        let mut known = Kinship::default();
        known.follow(&mut tx, &[party]).await?;
        let members = known.component(&link(&known.keys(), &known.decided()), party);
        let (near, mute) = near(&mut tx, &members).await?;
        let is_member: BTreeSet<Id> = members.iter().map(|member| member.id).collect();
        known.follow(&mut tx, &near).await?;
        let (keys, decided) = (known.keys(), known.decided());
        let linked = link(&keys, &decided);
        let component = linked.component_of();
        let directory = Directory::of(keys).muting(mute);
        let proposals = directory.proposals_about(|id| is_member.contains(&id), &component, &decided);
        let touches = |a: &Id, b: &Id| is_member.contains(a) || is_member.contains(b);
        Ok(Identified {
            edges: linked.edges.into_iter().filter(|edge| touches(&edge.a, &edge.b)).collect(),
            refused: linked.refused.into_iter().filter(|refused| touches(&refused.edge.a, &refused.edge.b)).collect(),
            decisions: known
                .decisions
                .into_iter()
                .filter(|said| Decided::of(said).is_some_and(|said| touches(&said.a, &said.b)))
                .collect(),
            documents: known.documents,
            members,
            proposals,
        })
    }

    /// What may be one customer among all party keys, the weightiest first. Reads all of them.
    pub async fn identity_proposals(&self) -> Result<Vec<IdentityProposal>> {
        let mut tx = self.engine.read().await?;
        let rows = tx.fetch(ALL, Vec::new()).await?;
        let parties = rows.iter().map(|row| documents::read(row, 0)).collect::<Result<Vec<Document>>>()?;
        let rows = tx.fetch(ALL_DECISIONS, Vec::new()).await?;
        let said = rows.iter().map(|row| documents::read(row, 0)).collect::<Result<Vec<Document>>>()?;
        let decided: Vec<Decided> = decision::in_force(&said).into_iter().filter_map(Decided::of).collect();
        let keys: Vec<PartyKey> = parties.iter().filter_map(PartyKey::of).collect();
        let component = link(&keys, &decided).component_of();
        let proposals = Directory::of(keys).proposals(&component, &decided);
        let by_id: HashMap<Id, &Document> = parties.iter().map(|party| (party.id, party)).collect();
        let named = proposals.into_iter().filter_map(|Proposal { a, b, evidence }| {
            let (a, b) = by_id.get(&a).zip(by_id.get(&b))?;
            Some(IdentityProposal { a: (*a).clone(), b: (*b).clone(), evidence })
        });
        Ok(named.collect())
    }
}

/// The keys that are one with this one, without itself, by book, number range and code.
pub(super) async fn others(tx: &mut Tx, party: Id) -> Result<Vec<Document>> {
    let mut kinship = Kinship::default();
    kinship.follow(tx, &[party]).await?;
    let mut members = kinship.component(&link(&kinship.keys(), &kinship.decided()), party);
    members.retain(|member| member.id != party);
    Ok(members)
}

/// Who shares a clue with these that not too many share, and the clues that too many do.
async fn near(tx: &mut Tx, members: &[Document]) -> Result<(Vec<Id>, Vec<Clue>)> {
    let clues: BTreeSet<Clue> = members.iter().filter_map(PartyKey::of).flat_map(|key| key.clues).collect();
    let clues: Vec<String> = clues.iter().map(|clue| clue.text().to_owned()).collect();
    let (mut telling, mut mute) = (Vec::new(), Vec::new());
    for row in tx.fetch_in(SHARED_BY, &clues, Vec::new()).await? {
        let is_shared_by_many = usize::try_from(row.int(1)?).unwrap_or(usize::MAX) > MAX_SHARED;
        if is_shared_by_many {
            mute.push(Clue::stored(row.text(0)?));
        } else {
            telling.push(row.text(0)?.to_owned());
        }
    }
    let rows = tx.fetch_in(WHO_SHARES, &telling, Vec::new()).await?;
    let near: BTreeSet<Id> = rows.iter().map(|row| row.id(0)).collect::<Result<_>>()?;
    Ok((near.into_iter().collect(), mute))
}

fn sorted(mut parties: Vec<Document>) -> Vec<Document> {
    parties.sort_by(|a, b| (&a.book, &a.numbering, &a.number).cmp(&(&b.book, &b.numbering, &b.number)));
    parties
}
