package io.keyval.actuate;

import io.keyval.config.KeyvalProperties;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import org.springframework.boot.actuate.endpoint.web.WebServerNamespace;
import org.springframework.boot.security.autoconfigure.actuate.web.servlet.EndpointRequest;
import org.springframework.boot.security.autoconfigure.actuate.web.servlet.EndpointRequest.EndpointRequestMatcher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpMethod;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.header.writers.ReferrerPolicyHeaderWriter.ReferrerPolicy;
import org.springframework.security.web.util.matcher.AndRequestMatcher;
import org.springframework.security.web.util.matcher.RequestMatcher;

/**
 * Who may do what over HTTP: anybody reads what a node tells about itself, the state of replication
 * or of the cluster only where the settings leave it open; every other operation of an endpoint,
 * and what costs a read of all data, asks for the user {@code keyval} with the shared secret as
 * password, and is closed where no secret is set; there is nothing else.
 */
@Configuration(proxyBeanMethods = false)
class HttpSecurityConfiguration {

    private static final String REPLICATION = "replication";
    private static final String CLUSTER = "cluster";

    @Bean
    AuthenticationProvider secretAuthenticationProvider(KeyvalProperties properties) {
        return new SecretAuthenticationProvider(
                properties.secret(), new FailedAttempts(System::nanoTime));
    }

    @Bean
    SecurityFilterChain httpSecurity(HttpSecurity http, KeyvalProperties properties) {
        boolean withSecret = properties.secret() != null;
        EndpointRequestMatcher open =
                switch (properties.management().replicationView()) {
                    case OPEN ->
                            EndpointRequest.to(
                                    "health", "info", "prometheus", REPLICATION, CLUSTER);
                    case CLOSED -> EndpointRequest.to("health", "info", "prometheus");
                };
        RequestMatcher probes =
                EndpointRequest.toAdditionalPaths(WebServerNamespace.SERVER, "health");
        RequestMatcher digest =
                new AndRequestMatcher(
                        EndpointRequest.to(REPLICATION),
                        request -> request.getParameter("digest") != null);
        http.authorizeHttpRequests(
                requests -> {
                    requests.dispatcherTypeMatchers(DispatcherType.ERROR).permitAll();
                    requests.requestMatchers(HttpSecurityConfiguration::isOfAnotherSite).denyAll();
                    if (withSecret) {
                        requests.requestMatchers(digest).authenticated();
                    } else {
                        requests.requestMatchers(digest).denyAll();
                    }
                    for (HttpMethod read : List.of(HttpMethod.GET, HttpMethod.HEAD)) {
                        requests.requestMatchers(open.withHttpMethod(read)).permitAll();
                        requests.requestMatchers(
                                        new AndRequestMatcher(
                                                probes,
                                                request -> read.matches(request.getMethod())))
                                .permitAll();
                    }
                    if (withSecret) {
                        requests.requestMatchers(EndpointRequest.toAnyEndpoint()).authenticated();
                    }
                    requests.anyRequest().denyAll();
                });
        if (withSecret) {
            http.httpBasic(basic -> basic.authenticationEntryPoint(new SecretEntryPoint()));
        } else {
            http.exceptionHandling(
                    handling -> handling.authenticationEntryPoint(new ClosedEntryPoint()));
        }
        return http.csrf(AbstractHttpConfigurer::disable)
                .logout(AbstractHttpConfigurer::disable)
                .requestCache(AbstractHttpConfigurer::disable)
                .headers(
                        headers ->
                                headers.contentSecurityPolicy(
                                                policy ->
                                                        policy.policyDirectives(
                                                                "default-src 'none'; frame-ancestors 'none'"))
                                        .referrerPolicy(
                                                referrer ->
                                                        referrer.policy(
                                                                ReferrerPolicy.NO_REFERRER)))
                .sessionManagement(
                        sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .build();
    }

    /**
     * Whether a browser says that a page from elsewhere asks for a change: it would send the
     * credentials that somebody has typed in here.
     */
    private static boolean isOfAnotherSite(HttpServletRequest request) {
        if (request.getMethod().equals("GET") || request.getMethod().equals("HEAD")) {
            return false;
        }
        String site = request.getHeader("Sec-Fetch-Site");
        if (site != null) {
            return !site.equals("same-origin") && !site.equals("none");
        }
        // To a name without TLS browsers send no more than where the page is from.
        String origin = request.getHeader("Origin");
        String host = request.getHeader("Host");
        return origin != null
                && !origin.equals("http://" + host)
                && !origin.equals("https://" + host);
    }
}
