package io.keyval.actuate;

import io.keyval.config.KeyvalProperties;
import jakarta.servlet.DispatcherType;
import org.springframework.boot.security.autoconfigure.actuate.web.servlet.EndpointRequest;
import org.springframework.boot.security.autoconfigure.actuate.web.servlet.EndpointRequest.EndpointRequestMatcher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.HttpStatusEntryPoint;

/**
 * Who may do what over HTTP: anybody reads what a node tells about itself; every other operation of
 * an endpoint asks for the user {@code keyval} with the shared secret as password, and is closed
 * where no secret is set; there is nothing else.
 */
@Configuration(proxyBeanMethods = false)
class HttpSecurityConfiguration {

    private static final String[] OPEN = {"health", "info", "prometheus", "replication"};

    @Bean
    AuthenticationProvider secretAuthenticationProvider(KeyvalProperties properties) {
        return new SecretAuthenticationProvider(properties.secret());
    }

    @Bean
    SecurityFilterChain httpSecurity(HttpSecurity http, KeyvalProperties properties) {
        boolean withSecret = properties.secret() != null;
        EndpointRequestMatcher open = EndpointRequest.to(OPEN);
        http.authorizeHttpRequests(
                requests -> {
                    requests.dispatcherTypeMatchers(DispatcherType.ERROR).permitAll();
                    requests.requestMatchers(open.withHttpMethod(HttpMethod.GET)).permitAll();
                    requests.requestMatchers(open.withHttpMethod(HttpMethod.HEAD)).permitAll();
                    if (withSecret) {
                        requests.requestMatchers(EndpointRequest.toAnyEndpoint()).authenticated();
                    }
                    requests.anyRequest().denyAll();
                });
        if (withSecret) {
            http.httpBasic(basic -> basic.realmName("keyval"));
        } else {
            http.exceptionHandling(
                    handling ->
                            handling.authenticationEntryPoint(
                                    new HttpStatusEntryPoint(HttpStatus.FORBIDDEN)));
        }
        return http.csrf(AbstractHttpConfigurer::disable)
                .logout(AbstractHttpConfigurer::disable)
                .requestCache(AbstractHttpConfigurer::disable)
                .headers(Customizer.withDefaults())
                .sessionManagement(
                        sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .build();
    }
}
