package io.keyval;

import io.keyval.cli.Cli;
import io.keyval.config.InvalidSettingException;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** Starts a keyval node. */
@SpringBootApplication(proxyBeanMethods = false)
@ConfigurationPropertiesScan
class KeyvalApplication {

    public static void main(String[] args) {
        if (args.length > 0 && Cli.knows(args[0])) {
            System.exit(Cli.run(args));
            return;
        }
        Arguments arguments;
        try {
            arguments = Arguments.parse(args);
        } catch (InvalidSettingException e) {
            System.err.println(e.getMessage());
            System.exit(1);
            return;
        }
        SpringApplication application = new SpringApplication(KeyvalApplication.class);
        application.setDefaultProperties(arguments.defaults());
        try {
            application.run(arguments.settings().toArray(String[]::new));
        } catch (SpringApplication.AbandonedRunException e) {
            throw e;
        } catch (RuntimeException e) {
            // Spring Boot has reported it.
            System.exit(1);
        }
    }
}
