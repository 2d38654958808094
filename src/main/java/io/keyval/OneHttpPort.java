package io.keyval;

import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.BeanDefinitionRegistryPostProcessor;
import org.springframework.stereotype.Component;

/**
 * Lets {@code management.server.address} stand where Spring Boot would refuse it, because there is
 * no second HTTP port: {@link NodeEnvironment} has made it the address of the only one.
 */
@Component
class OneHttpPort implements BeanDefinitionRegistryPostProcessor {

    /** Does nothing but check that the management port has no settings of its own. */
    private static final String CHECK =
            "org.springframework.boot.actuate.autoconfigure.web.server.ManagementContextAutoConfiguration$SameManagementContextConfiguration";

    @Override
    public void postProcessBeanDefinitionRegistry(BeanDefinitionRegistry registry) {
        if (registry.containsBeanDefinition(CHECK)) {
            registry.removeBeanDefinition(CHECK);
        }
    }

    @Override
    public void postProcessBeanFactory(ConfigurableListableBeanFactory factory) {}
}
