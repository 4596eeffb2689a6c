use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a01_g03_an_active_token_until_it_is_revoked() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    world.introspect(&token).await.assert_active();
    world.put_mark("jti#https://issuer.example.com#jti-1", &json!({}));
    world.introspect(&token).await.assert_inactive();
    assert_eq!(world.proxy.take_requests().len(), 2);
}
