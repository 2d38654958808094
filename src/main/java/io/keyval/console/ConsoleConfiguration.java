package io.keyval.console;

import io.keyval.config.KeyvalProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.security.authentication.LockedException;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.AuthenticationEntryPoint;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.header.writers.CrossOriginOpenerPolicyHeaderWriter.CrossOriginOpenerPolicy;
import org.springframework.security.web.header.writers.CrossOriginResourcePolicyHeaderWriter.CrossOriginResourcePolicy;
import org.springframework.security.web.header.writers.ReferrerPolicyHeaderWriter.ReferrerPolicy;
import org.springframework.web.servlet.config.annotation.ResourceHandlerRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * Who may do what under {@code /} and {@code /console}: anybody gets the page, and what it shows
 * where the state of replication is open to all; keys are for the user {@code keyval} with the
 * shared secret, and for nobody where no secret is set.
 *
 * <p>The secret comes in a header that only a script of this origin can send, and there is no
 * session and no cookie: another site has nothing to ride on. The page may load and reach nothing
 * but this node.
 */
@Configuration(proxyBeanMethods = false)
class ConsoleConfiguration implements WebMvcConfigurer {

    private static final String CONTENT_SECURITY_POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
                    + " img-src 'self' data:; base-uri 'none'; form-action 'none';"
                    + " frame-ancestors 'none'; require-trusted-types-for 'script'";

    @Override
    public void addResourceHandlers(ResourceHandlerRegistry registry) {
        registry.addResourceHandler("/console/*")
                .addResourceLocations("classpath:/console/")
                .setCacheControl(CacheControl.noCache());
    }

    @Bean
    @Order(Ordered.HIGHEST_PRECEDENCE)
    SecurityFilterChain consoleSecurity(HttpSecurity http, KeyvalProperties properties) {
        boolean withSecret = properties.secret() != null;
        http.securityMatcher("/", "/console/**")
                .authorizeHttpRequests(
                        requests -> {
                            if (withSecret) {
                                requests.requestMatchers(HttpMethod.GET, "/console/access")
                                        .authenticated();
                                requests.requestMatchers(HttpMethod.POST, "/console/key/*")
                                        .authenticated();
                            } else {
                                requests.requestMatchers("/console/access").denyAll();
                            }
                            switch (properties.management().replicationView()) {
                                case OPEN -> {}
                                case CLOSED -> {
                                    if (withSecret) {
                                        requests.requestMatchers("/console/state").authenticated();
                                    } else {
                                        requests.requestMatchers("/console/state").denyAll();
                                    }
                                }
                            }
                            requests.requestMatchers(HttpMethod.GET, "/", "/console/*").permitAll();
                            requests.requestMatchers(HttpMethod.HEAD, "/", "/console/*")
                                    .permitAll();
                            requests.anyRequest().denyAll();
                        });
        // Without the challenge that would make a browser ask for the secret, and keep it.
        HttpStatus closed = withSecret ? HttpStatus.UNAUTHORIZED : HttpStatus.FORBIDDEN;
        AuthenticationEntryPoint plain =
                (request, response, cause) ->
                        response.setStatus(
                                (cause instanceof LockedException
                                                ? HttpStatus.TOO_MANY_REQUESTS
                                                : closed)
                                        .value());
        http.exceptionHandling(handling -> handling.authenticationEntryPoint(plain));
        if (withSecret) {
            http.httpBasic(basic -> basic.authenticationEntryPoint(plain));
        }
        return http.headers(
                        headers ->
                                headers.contentSecurityPolicy(
                                                csp ->
                                                        csp.policyDirectives(
                                                                CONTENT_SECURITY_POLICY))
                                        .referrerPolicy(
                                                referrer ->
                                                        referrer.policy(ReferrerPolicy.NO_REFERRER))
                                        .crossOriginOpenerPolicy(
                                                opener ->
                                                        opener.policy(
                                                                CrossOriginOpenerPolicy
                                                                        .SAME_ORIGIN))
                                        .crossOriginResourcePolicy(
                                                resource ->
                                                        resource.policy(
                                                                CrossOriginResourcePolicy
                                                                        .SAME_ORIGIN)))
                .csrf(AbstractHttpConfigurer::disable)
                .logout(AbstractHttpConfigurer::disable)
                .requestCache(AbstractHttpConfigurer::disable)
                .sessionManagement(
                        sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .build();
    }
}
