//! Items that many requests share, held for a moment so that not every request reads them (`HOT_RECORD_SECONDS`). A
//! DynamoDB partition serves 3,000 reads a second, and each of these items is in one partition.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use crate::records::{Corrupt, FetchedItems, Item, ItemKey, MarkKind, Table, item_size};

/// More items are not held at the same time.
const MAX_ITEMS: usize = 1024;
/// A larger item is not held, in bytes of memory.
const MAX_ITEM_BYTES: usize = 8 * 1024;
/// The marks that many tokens share. Every other mark takes effect on the next request (RFC 7662 §4, G-03).
const SHARED_MARKS: [MarkKind; 3] = [MarkKind::Issuer, MarkKind::SigningKey, MarkKind::Client];

/// What an item is shared as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shared {
    /// By all requests of a caller.
    ClientRecord,
    /// By all tokens of an issuer, a signing key or a client.
    Mark,
}

impl Shared {
    /// The one place that says which items may be held.
    fn of(key: &ItemKey) -> Option<Self> {
        let names = |kind: &MarkKind| key.id().strip_prefix(kind.prefix()).is_some_and(|rest| rest.starts_with('#'));
        match key.table() {
            Table::Clients => Some(Self::ClientRecord),
            Table::Tokens => SHARED_MARKS.iter().any(names).then_some(Self::Mark),
            Table::State => None,
        }
    }
}

/// A moment by both clocks. The monotonic one may stop while an execution environment is frozen, and the wall clock may be
/// set back, so an item is reused only as long as both allow it.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    monotonic: Instant,
    wall: SystemTime,
}

impl Moment {
    pub fn now() -> Self {
        Self { monotonic: Instant::now(), wall: SystemTime::now() }
    }

    /// Whether less than this time has passed since then.
    fn is_within(self, lifetime: Duration, now: Self) -> bool {
        let by_monotonic = now.monotonic.checked_duration_since(self.monotonic);
        let by_wall = now.wall.duration_since(self.wall).ok();
        [by_monotonic, by_wall].into_iter().all(|age| age.is_some_and(|age| age < lifetime))
    }
}

/// The items that are held. A mark that does not exist is held like one that does.
pub(super) struct HotItems {
    lifetime: Duration,
    held: Mutex<HashMap<ItemKey, HeldItem>>,
}

struct HeldItem {
    /// `None` for an item that does not exist.
    item: Option<Result<Item, Corrupt>>,
    /// When the read was sent. What it returned may have changed from then on.
    asked_at: Moment,
}

impl HotItems {
    /// Holds items for that long; `None` if that is no time.
    pub fn new(lifetime: Duration) -> Option<Self> {
        (!lifetime.is_zero()).then(|| Self { lifetime, held: Mutex::default() })
    }

    /// The client's record, if it is held.
    pub fn client_record(&self, key: &ItemKey, now: Moment) -> FetchedItems {
        let held = self.lock();
        let item = held.get(key).filter(|held| self.is_fresh(held, now)).and_then(|held| held.item.clone());
        FetchedItems(item.map(|item| (key.clone(), item)).into_iter().collect())
    }

    /// The marks among these keys that are held, and the keys that are to be read. A client's record is always to be
    /// read: whether the held one is good enough was decided before.
    pub fn split(&self, keys: &[ItemKey], now: Moment) -> (FetchedItems, Vec<ItemKey>) {
        let held = self.lock();
        let (mut items, mut unread) = (FetchedItems::default(), Vec::with_capacity(keys.len()));
        for key in keys {
            match self.mark(&held, key, now) {
                Some(mark) => items.0.extend(mark.item.clone().map(|item| (key.clone(), item))),
                None => unread.push(key.clone()),
            }
        }
        (items, unread)
    }

    /// Holds the shared items among those that a read returned in full.
    pub fn hold(&self, keys: &[ItemKey], read: &FetchedItems, asked_at: Moment) {
        let mut held = self.lock();
        for key in keys {
            let Some(shared) = Shared::of(key) else { continue };
            // A read that was sent earlier may have ended later, and knows less.
            if held.get(key).is_some_and(|held| held.asked_at.monotonic > asked_at.monotonic) {
                continue;
            }
            held.remove(key);
            let item = read.0.get(key).cloned();
            let size = key.id().len() + item.as_ref().map_or(0, |item| item.as_ref().map_or(0, item_size));
            // Nothing follows from a missing record (see `Caller::authenticate_again`), so holding it is no use.
            if size > MAX_ITEM_BYTES || (shared == Shared::ClientRecord && item.is_none()) {
                continue;
            }
            self.make_room(&mut held, asked_at);
            held.insert(key.clone(), HeldItem { item, asked_at });
        }
    }

    /// Removes what is over, and if that is nothing, the oldest item.
    fn make_room(&self, held: &mut HashMap<ItemKey, HeldItem>, now: Moment) {
        if held.len() < MAX_ITEMS {
            return;
        }
        let age = |held: &HeldItem| now.monotonic.saturating_duration_since(held.asked_at.monotonic);
        held.retain(|_, held| age(held) < self.lifetime);
        if held.len() >= MAX_ITEMS {
            let oldest = held.iter().min_by_key(|(_, held)| held.asked_at.monotonic).map(|(key, _)| key.clone());
            oldest.and_then(|key| held.remove(&key));
        }
    }

    fn mark<'h>(&self, held: &'h HashMap<ItemKey, HeldItem>, key: &ItemKey, now: Moment) -> Option<&'h HeldItem> {
        Shared::of(key).filter(|shared| *shared == Shared::Mark)?;
        held.get(key).filter(|held| self.is_fresh(held, now))
    }

    fn is_fresh(&self, held: &HeldItem, now: Moment) -> bool {
        held.asked_at.is_within(self.lifetime, now)
    }

    /// Never held across an await: no method here is async.
    fn lock(&self) -> MutexGuard<'_, HashMap<ItemKey, HeldItem>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_dynamo::AttributeValue::{L, S};

    use super::*;
    use crate::digest::Digest;

    const ISSUER: &str = "https://issuer.example.com";
    const SECOND: Duration = Duration::from_secs(1);

    fn mark(prefix: &str, name: &str) -> ItemKey {
        ItemKey::mark(prefix, ISSUER, Some(name)).unwrap()
    }

    fn client(id: &str) -> ItemKey {
        ItemKey::client(id).unwrap()
    }

    fn item(text: &str) -> Item {
        HashMap::from([("reason".to_owned(), S(text.to_owned()))]).into()
    }

    fn later(start: Moment, monotonic: Duration, wall: Duration) -> Moment {
        Moment { monotonic: start.monotonic + monotonic, wall: start.wall + wall }
    }

    fn hot(seconds: u64) -> HotItems {
        HotItems::new(Duration::from_secs(seconds)).unwrap()
    }

    /// Whether the key would be left out of a read.
    fn is_left_out(hot: &HotItems, key: &ItemKey, now: Moment) -> bool {
        hot.split(std::slice::from_ref(key), now).1.is_empty()
    }

    #[test]
    fn g03_only_the_marks_on_an_issuer_a_key_and_a_client_are_left_out() {
        assert!(HotItems::new(Duration::ZERO).is_none());
        let (hot, start) = (hot(5), Moment::now());
        let digest = Digest::of("x");
        let issuer = ItemKey::mark("iss", ISSUER, None).unwrap();
        let shared = [issuer, mark("kid", "key-1"), mark("client", "app")];
        let others = ["jti", "grant", "sid", "sub", "issx", "clients"].map(|prefix| mark(prefix, "1"));
        let further = [
            ItemKey::token(&digest),
            ItemKey::revoked(&digest),
            ItemKey::jwt(&digest),
            ItemKey::padding(&digest, 0),
            ItemKey::snapshot(ISSUER).unwrap(),
            ItemKey::assertion("app", "1"),
            client("app"),
        ];
        let all: Vec<ItemKey> = shared.iter().chain(&others).chain(&further).cloned().collect();
        hot.hold(&all, &FetchedItems::default(), start);
        for key in &all {
            assert_eq!(is_left_out(&hot, key, start), shared.contains(key), "{}", key.id());
        }
    }

    #[test]
    fn g03_marks_are_held_whether_they_exist_or_not_and_unreadable_ones_as_well() {
        let (hot, start) = (hot(5), Moment::now());
        let keys = ["exists", "missing", "corrupt"].map(|name| mark("client", name));
        let [exists, missing, corrupt] = &keys;
        let mut read = FetchedItems::single(exists, item("1"));
        read.0.insert(corrupt.clone(), Err(Corrupt));
        hot.hold(&keys, &read, start);
        let (items, unread) = hot.split(&keys, start);
        assert!(unread.is_empty());
        assert_eq!(items.item(exists), Some(Ok(&item("1"))));
        assert_eq!(items.item(corrupt), Some(Err(Corrupt)));
        assert!(!items.contains(missing));
        let over = hot.split(&keys, later(start, 5 * SECOND, 5 * SECOND)).1;
        assert_eq!(over.len(), keys.len(), "a corrupt item is held no longer than the others");
    }

    #[test]
    fn g03_an_item_is_over_on_time_by_either_clock_and_a_clock_that_goes_back_prolongs_nothing() {
        let (hot, start, key) = (hot(2), Moment::now(), mark("client", "app"));
        hot.hold(std::slice::from_ref(&key), &FetchedItems::default(), start);
        let almost = Duration::from_nanos(1_999_999_999);
        for (monotonic, wall, fresh) in [
            (Duration::ZERO, Duration::ZERO, true),
            (almost, almost, true),
            (2 * SECOND, almost, false),
            // The environment was frozen, and its monotonic clock with it.
            (almost, 2 * SECOND, false),
            (SECOND, 3600 * SECOND, false),
        ] {
            let now = later(start, monotonic, wall);
            assert_eq!(is_left_out(&hot, &key, now), fresh, "{monotonic:?} {wall:?}");
        }
        for back in [Duration::from_millis(1), 3600 * SECOND] {
            let now = Moment { monotonic: start.monotonic + SECOND, wall: start.wall - back };
            assert!(!is_left_out(&hot, &key, now), "{back:?}");
        }
    }

    #[test]
    fn g03_a_read_that_was_sent_earlier_replaces_nothing_newer() {
        let (hot, start, key) = (hot(5), Moment::now(), mark("client", "app"));
        let keys = std::slice::from_ref(&key);
        hot.hold(keys, &FetchedItems::single(&key, item("new")), later(start, SECOND, SECOND));
        hot.hold(keys, &FetchedItems::default(), start);
        assert!(hot.split(keys, later(start, SECOND, SECOND)).0.contains(&key));
        hot.hold(keys, &FetchedItems::default(), later(start, 2 * SECOND, 2 * SECOND));
        assert!(!hot.split(keys, later(start, 2 * SECOND, 2 * SECOND)).0.contains(&key));
    }

    #[test]
    fn a_clients_record_is_held_only_if_it_exists() {
        let (hot, start, key) = (hot(5), Moment::now(), client("api"));
        let keys = std::slice::from_ref(&key);
        hot.hold(keys, &FetchedItems::single(&key, item("1")), start);
        assert!(hot.client_record(&key, start).contains(&key));
        assert!(!hot.client_record(&key, later(start, 5 * SECOND, SECOND)).contains(&key));
        hot.hold(keys, &FetchedItems::default(), start);
        assert!(!hot.client_record(&key, start).contains(&key), "it was deleted");
        assert!(hot.lock().is_empty());
    }

    #[test]
    fn g03_the_memory_is_bounded_and_the_oldest_item_makes_room() {
        let (hot, start) = (hot(5), Moment::now());
        let at = |number: usize| {
            let age = Duration::from_micros(u64::try_from(number).unwrap());
            later(start, age, age)
        };
        let keys: Vec<ItemKey> = (0..MAX_ITEMS + 10).map(|number| mark("kid", &number.to_string())).collect();
        for (number, key) in keys.iter().enumerate() {
            hot.hold(std::slice::from_ref(key), &FetchedItems::default(), at(number));
            assert!(hot.lock().len() <= MAX_ITEMS);
        }
        let now = at(keys.len());
        for (number, key) in keys.iter().enumerate() {
            assert_eq!(is_left_out(&hot, key, now), number >= 10, "{number}");
        }
        let after = later(now, 5 * SECOND, 5 * SECOND);
        hot.hold(&[mark("kid", "new")], &FetchedItems::default(), after);
        assert_eq!(hot.lock().len(), 1, "what is over is removed first");
    }

    #[test]
    fn g03_a_large_item_is_not_held() {
        let (hot, start, key) = (hot(5), Moment::now(), client("api"));
        let keys = std::slice::from_ref(&key);
        let many = Item::from(HashMap::from([("jwks".to_owned(), L(vec![S(String::new()); MAX_ITEM_BYTES / 16]))]));
        for (item, held) in [(item("small"), true), (item(&"x".repeat(MAX_ITEM_BYTES)), false), (many, false)] {
            hot.hold(keys, &FetchedItems::single(&key, item), start);
            assert_eq!(hot.client_record(&key, start).contains(&key), held);
        }
        let long = ItemKey::mark("kid", ISSUER, Some(&"k".repeat(2000))).unwrap();
        hot.hold(std::slice::from_ref(&long), &FetchedItems::default(), start);
        assert!(is_left_out(&hot, &long, start));
    }
}
