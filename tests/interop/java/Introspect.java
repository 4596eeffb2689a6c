// The JDK's own HTTP client. Over cleartext it asks for HTTP/2 with every first request of a connection, a POST
// included: `Connection: Upgrade, HTTP2-Settings`, `Upgrade: h2c`. The server has to answer over HTTP/1.1 and
// ignore the request to upgrade.

import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

public class Introspect {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static boolean failed = false;

    public static void main(String[] arguments) throws Exception {
        String basic = env("BASIC_SECRET");
        String post = env("POST_SECRET");
        check("basic: an active token", byBasic("basic-api", basic, env("ACTIVE")), 200, "{\"active\":true,");
        check("basic: the connection used again", byBasic("basic-api", basic, env("OPAQUE")), 200, "{\"active\":true,");
        check("basic: an expired token", byBasic("basic-api", basic, env("EXPIRED")), 200, "{\"active\":false}");
        check("basic: a wrong secret", byBasic("basic-api", "wrong", env("ACTIVE")), 401, "{\"error\":\"invalid_client\"}");
        check("post: an active token", byPost("post-api", post, env("ACTIVE")), 200, "{\"active\":true,");
        check("post: a revoked token", byPost("post-api", post, env("REVOKED")), 200, "{\"active\":false}");
        check("post: a wrong secret", byPost("post-api", "wrong", env("ACTIVE")), 401, "{\"error\":\"invalid_client\"}");
        check("basic: an id and a secret with + % : and non-ASCII, encoded",
            byBasic(encoded(env("ODD_ID")), encoded(env("ODD_SECRET")), env("ACTIVE")), 200, "{\"active\":true,");
        System.exit(failed ? 1 : 0);
    }

    private static HttpResponse<String> byBasic(String id, String secret, String token) throws Exception {
        byte[] pair = (id + ":" + secret).getBytes(StandardCharsets.UTF_8);
        String header = "Basic " + Base64.getEncoder().encodeToString(pair);
        return send(request().header("Authorization", header), "token=" + encoded(token));
    }

    private static HttpResponse<String> byPost(String id, String secret, String token) throws Exception {
        String credentials = "&client_id=" + encoded(id) + "&client_secret=" + encoded(secret);
        return send(request(), "token=" + encoded(token) + credentials);
    }

    private static HttpRequest.Builder request() {
        return HttpRequest.newBuilder(URI.create(env("ENDPOINT")))
            .header("Content-Type", "application/x-www-form-urlencoded");
    }

    private static HttpResponse<String> send(HttpRequest.Builder request, String body) throws Exception {
        HttpRequest.BodyPublisher publisher = HttpRequest.BodyPublishers.ofString(body);
        return CLIENT.send(request.POST(publisher).build(), HttpResponse.BodyHandlers.ofString());
    }

    private static void check(String what, HttpResponse<String> response, int status, String begin) {
        boolean holds = response.statusCode() == status && response.body().startsWith(begin)
            && response.version() == HttpClient.Version.HTTP_1_1;
        failed |= !holds;
        System.out.println(holds ? "ok - " + what : "not ok - " + what + ": " + response + " " + response.body());
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static String env(String name) {
        return System.getenv(name);
    }
}
