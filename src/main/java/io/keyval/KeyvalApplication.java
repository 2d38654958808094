package io.keyval;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** Starts a keyval node. */
@SpringBootApplication
@ConfigurationPropertiesScan
class KeyvalApplication {

    public static void main(String[] args) {
        SpringApplication.run(KeyvalApplication.class, args);
    }
}
