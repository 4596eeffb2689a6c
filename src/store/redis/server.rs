//! Whether a server may hold revocations: it must keep every key until it is over, and know of every write.

use redis::{aio::MultiplexedConnection, cmd};

use super::{Trouble, trouble::Unfit};

/// The first version that has `EXPIRETIME`. Valkey, which came later, calls itself 7.2 here for old clients.
const OLDEST_VERSION: u32 = 7;

/// Looks at a server that was just connected to.
///
/// # Errors
///
/// [`Trouble::Unfit`], and whatever else keeps it from answering.
pub(super) async fn check(connection: &mut MultiplexedConnection) -> Result<(), Trouble> {
    // CONFIG would say the same, but managed servers allow it to nobody.
    let info: String = cmd("INFO").query_async(connection).await?;
    fitness(&info).map_err(Trouble::Unfit)?;
    if field(&info, "cluster_enabled") == "1" {
        let cluster: String = cmd("CLUSTER").arg("INFO").query_async(connection).await?;
        cluster_fitness(&cluster).map_err(Trouble::Unfit)?;
    }
    Ok(())
}

fn fitness(info: &str) -> Result<(), Unfit> {
    let version = field(info, "redis_version");
    let policy = field(info, "maxmemory_policy");
    if version.split('.').next().and_then(|major| major.parse().ok()).is_none_or(|major: u32| major < OLDEST_VERSION) {
        Err(Unfit::Old(version.to_owned()))
    } else if policy != "noeviction" {
        Err(Unfit::Evicts(policy.to_owned()))
    } else if field(info, "role") != "master" {
        Err(Unfit::Replica)
    } else {
        Ok(())
    }
}

/// A cluster of one shard, as AWS's durable service makes them, is as good as a server without one.
fn cluster_fitness(cluster: &str) -> Result<(), Unfit> {
    match field(cluster, "cluster_size") {
        "1" => Ok(()),
        shards => Err(Unfit::Sharded(shards.to_owned())),
    }
}

/// The value of a line `name:value`; empty where there is none.
fn field<'a>(info: &'a str, name: &str) -> &'a str {
    let values = info.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    values.map(str::trim).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# Server\r\nredis_version:7.0.15\r\n# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n\
                        # Replication\r\nrole:master\r\nrole_of_others:slave\r\n# Cluster\r\ncluster_enabled:0\r\n";

    #[test]
    fn a_server_says_what_it_is_or_is_refused() {
        assert_eq!(fitness(GOOD), Ok(()));
        assert_eq!(fitness(&GOOD.replace("7.0.15", "10.1.0")), Ok(()));
        for (old, new, expected) in [
            ("noeviction", "volatile-lru", Unfit::Evicts("volatile-lru".into())),
            ("noeviction", "allkeys-random", Unfit::Evicts("allkeys-random".into())),
            ("maxmemory_policy", "policy", Unfit::Evicts(String::new())),
            ("role:master", "role:slave", Unfit::Replica),
            ("role:master\r\n", "", Unfit::Replica),
            ("7.0.15", "6.2.14", Unfit::Old("6.2.14".into())),
            ("7.0.15", "unstable", Unfit::Old("unstable".into())),
            ("redis_version", "version", Unfit::Old(String::new())),
        ] {
            assert_eq!(fitness(&GOOD.replace(old, new)), Err(expected), "{new}");
        }
    }

    #[test]
    fn a_cluster_has_one_shard_or_is_refused() {
        assert_eq!(cluster_fitness("cluster_state:ok\r\ncluster_size:1\r\n"), Ok(()));
        assert_eq!(cluster_fitness("cluster_size:3\r\n"), Err(Unfit::Sharded("3".into())));
        assert_eq!(cluster_fitness("cluster_size:0\r\n"), Err(Unfit::Sharded("0".into())));
        assert_eq!(cluster_fitness(""), Err(Unfit::Sharded(String::new())));
    }
}
