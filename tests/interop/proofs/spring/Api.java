package example;

import jakarta.servlet.DispatcherType;
import java.util.*;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.http.*;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.oauth2.core.OAuth2AuthenticatedPrincipal;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.server.resource.introspection.*;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.util.LinkedMultiValueMap;
import org.springframework.web.bind.annotation.*;
import org.springframework.web.context.request.*;

/** The application around the code of docs/proofs.md. */
@SpringBootApplication
@RestController
public class Api {
    static final String INTROSPECTION_URL = System.getenv("INTROSPECTION_URL");
    static final String CLIENT_ID = System.getenv("CLIENT_ID");
    static final String CLIENT_SECRET = System.getenv("CLIENT_SECRET");

    public static void main(String[] arguments) {
        SpringApplication.run(Api.class, "--server.port=" + System.getenv("PORT"), "--server.address=127.0.0.1",
                "--api.public-url=" + System.getenv("PUBLIC_URL"), "--spring.main.banner-mode=off", "--logging.level.root=warn");
    }

    BEAN

    @Bean
    SecurityFilterChain chain(HttpSecurity http) throws Exception {
        return http.authorizeHttpRequests(requests -> requests
                        .dispatcherTypeMatchers(DispatcherType.ERROR).permitAll().anyRequest().authenticated())
                .oauth2ResourceServer(server -> server.opaqueToken(Customizer.withDefaults())).build();
    }

    @GetMapping("/orders")
    Map<String, Object> orders(@AuthenticationPrincipal OAuth2AuthenticatedPrincipal principal) {
        return principal.getAttributes();
    }
}
