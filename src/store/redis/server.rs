//! Whether a server may hold revocations: it must keep every key until it expires, and know of every write.

use redis::{aio::MultiplexedConnection, cmd};

use super::{RedisFailure, failure::UnsuitableServer};

/// The first version that has `EXPIRETIME`. Valkey, which is newer, reports 7.2 here for old clients.
const OLDEST_VERSION: u32 = 7;

/// Checks a server after connecting to it.
///
/// # Errors
///
/// Returns [`RedisFailure::UnsuitableServer`] if the server must not hold revocations, or another failure if it does
/// not answer.
pub(super) async fn check(connection: &mut MultiplexedConnection) -> Result<(), RedisFailure> {
    // CONFIG would return the same, but managed servers do not allow it.
    let info: String = cmd("INFO").query_async(connection).await?;
    fitness(&info).map_err(RedisFailure::UnsuitableServer)?;
    if field(&info, "cluster_enabled") == "1" {
        let cluster: String = cmd("CLUSTER").arg("INFO").query_async(connection).await?;
        cluster_fitness(&cluster).map_err(RedisFailure::UnsuitableServer)?;
    }
    Ok(())
}

fn fitness(info: &str) -> Result<(), UnsuitableServer> {
    let version = field(info, "redis_version");
    let policy = field(info, "maxmemory_policy");
    if version.split('.').next().and_then(|major| major.parse().ok()).is_none_or(|major: u32| major < OLDEST_VERSION) {
        Err(UnsuitableServer::Old(version.to_owned()))
    } else if policy != "noeviction" {
        Err(UnsuitableServer::Evicts(policy.to_owned()))
    } else if field(info, "role") != "master" {
        Err(UnsuitableServer::Replica)
    } else {
        Ok(())
    }
}

/// A cluster of one shard, which AWS's durable service uses, is as good as a server that is not a cluster.
fn cluster_fitness(cluster: &str) -> Result<(), UnsuitableServer> {
    match field(cluster, "cluster_size") {
        "1" => Ok(()),
        shards => Err(UnsuitableServer::Sharded(shards.to_owned())),
    }
}

/// The value of the line `name:value`. Empty if the line does not exist.
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
    fn a_server_must_report_that_it_is_suitable() {
        assert_eq!(fitness(GOOD), Ok(()));
        assert_eq!(fitness(&GOOD.replace("7.0.15", "10.1.0")), Ok(()));
        for (old, new, expected) in [
            ("noeviction", "volatile-lru", UnsuitableServer::Evicts("volatile-lru".into())),
            ("noeviction", "allkeys-random", UnsuitableServer::Evicts("allkeys-random".into())),
            ("maxmemory_policy", "policy", UnsuitableServer::Evicts(String::new())),
            ("role:master", "role:slave", UnsuitableServer::Replica),
            ("role:master\r\n", "", UnsuitableServer::Replica),
            ("7.0.15", "6.2.14", UnsuitableServer::Old("6.2.14".into())),
            ("7.0.15", "unstable", UnsuitableServer::Old("unstable".into())),
            ("redis_version", "version", UnsuitableServer::Old(String::new())),
        ] {
            assert_eq!(fitness(&GOOD.replace(old, new)), Err(expected), "{new}");
        }
    }

    #[test]
    fn a_cluster_has_one_shard_or_is_refused() {
        assert_eq!(cluster_fitness("cluster_state:ok\r\ncluster_size:1\r\n"), Ok(()));
        assert_eq!(cluster_fitness("cluster_size:3\r\n"), Err(UnsuitableServer::Sharded("3".into())));
        assert_eq!(cluster_fitness("cluster_size:0\r\n"), Err(UnsuitableServer::Sharded("0".into())));
        assert_eq!(cluster_fitness(""), Err(UnsuitableServer::Sharded(String::new())));
    }
}
