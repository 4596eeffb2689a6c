//! A peer of the tests that resets a connection really does: its client reads an error, not the end.

use std::io::ErrorKind;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    aws::{self, Aws},
    key_site::{Manner, Site, response},
    proxy::Fault,
    world::World,
};

/// What a client of this server reads after a whole request.
async fn read_from(url: &str) -> Result<usize, ErrorKind> {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    let head =
        "GET /keys HTTP/1.1\r\nhost: x\r\nx-amz-target: DynamoDB_20120810.GetItem\r\ncontent-length: 2\r\n\r\n{}";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.read(&mut [0; 1]).await.map_err(|error| error.kind())
}

#[tokio::test]
async fn a_peer_that_resets_sends_a_reset() {
    let (world, site, aws) = (World::new().await, Site::start().await, Aws::start().await);
    world.proxy.fail(Fault::Resets);
    site.put_in("/keys", &response("200 OK", "", "{}"), Manner::Resets);
    aws.fail(aws::Fault::Resets);
    for url in [&world.proxy.url, &site.url(""), &aws.url] {
        assert_eq!(read_from(url).await, Err(ErrorKind::ConnectionReset), "{url}");
    }
}
