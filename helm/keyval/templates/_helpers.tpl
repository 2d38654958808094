{{- define "keyval.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Short enough that a pod's name, with what Kubernetes adds to it, is a valid label. */}}
{{- define "keyval.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "keyval.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "keyval.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "keyval.selectorLabels" -}}
app.kubernetes.io/name: {{ include "keyval.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Those of the smoke test's pod: not those of a node, so that no service reaches it. */}}
{{- define "keyval.smokeTestLabels" -}}
app.kubernetes.io/name: {{ include "keyval.name" . }}-smoke-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "keyval.commonLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "keyval.labels" -}}
{{ include "keyval.commonLabels" . }}
{{ include "keyval.selectorLabels" . }}
{{- end -}}

{{- define "keyval.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "keyval.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "keyval.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* What selects the pod that leads. */}}
{{- define "keyval.leaderSelector" -}}
{{ include "keyval.selectorLabels" . }}
{{- if .Values.promotedPod }}
statefulset.kubernetes.io/pod-name: {{ .Values.promotedPod }}
{{- else }}
app.kubernetes.io/component: leader
{{- end }}
{{- end -}}

{{/* What the read service reaches besides the followers. */}}
{{- define "keyval.readsFromLeader" -}}
{{- if or .Values.service.read.includeLeader (eq (int .Values.followers.replicas) 0) -}}true{{- end -}}
{{- end -}}

{{/* Whether the cluster knows the kinds of the Prometheus Operator. */}}
{{- define "keyval.hasPrometheusOperator" -}}
{{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" -}}true{{- end -}}
{{- end -}}

{{/*
The data of a Secret that the chart makes: the value that was given, else the one that is there, else a
random one. Takes root, name, key and value.
*/}}
{{- define "keyval.secretData" -}}
{{- $kept := get ((lookup "v1" "Secret" .root.Release.Namespace .name).data | default dict) .key -}}
{{- if .value -}}
{{ .key }}: {{ .value | b64enc | quote }}
{{- else if $kept -}}
{{ .key }}: {{ $kept | quote }}
{{- else -}}
{{ .key }}: {{ randAlphaNum 48 | b64enc | quote }}
{{- end -}}
{{- end -}}

{{- define "keyval.secretName" -}}
{{- default (include "keyval.fullname" .) .Values.secret.existingSecret -}}
{{- end -}}

{{- define "keyval.clientSecretName" -}}
{{- default (printf "%s-client" (include "keyval.fullname" .)) .Values.clientSecret.existingSecret -}}
{{- end -}}

{{/* The volume of what the image reads as settings, each file by its name. */}}
{{- define "keyval.secretsVolume" -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ include "keyval.secretName" . }}
          items:
            - key: {{ .Values.secret.key }}
              path: keyval.secret
      {{- if .Values.clientSecret.enabled }}
      - secret:
          name: {{ include "keyval.clientSecretName" . }}
          items:
            - key: {{ .Values.clientSecret.key }}
              path: keyval.client-secret
      {{- end }}
{{- end -}}

{{/* The volume of the certificates. */}}
{{- define "keyval.tlsVolume" -}}
- name: tls
  secret:
    secretName: {{ required "tls.existingSecret is needed when tls.enabled is true: the name of a Secret of the type kubernetes.io/tls." .Values.tls.existingSecret }}
    defaultMode: 0440
{{- end -}}

{{/* Settings that go by the values of tls. */}}
{{- define "keyval.tlsSettings" -}}
keyval.tls.bundle: keyval
keyval.tls.client-auth: {{ .Values.tls.clientAuth }}
keyval.replication.tls.bundle: keyval
spring.ssl.bundle.pem.keyval.reload-on-update: true
spring.ssl.bundle.pem.keyval.keystore.certificate: /run/secrets/keyval-tls/{{ .Values.tls.certificateKey }}
spring.ssl.bundle.pem.keyval.keystore.private-key: /run/secrets/keyval-tls/{{ .Values.tls.privateKeyKey }}
{{- if .Values.tls.caKey }}
spring.ssl.bundle.pem.keyval.truststore.certificate: /run/secrets/keyval-tls/{{ .Values.tls.caKey }}
{{- end }}
{{- end -}}

{{/*
The StatefulSet of a role. Takes root, role ("leader" or "follower"), node (the role's values),
replicas and firstId. Pods are numbered from firstId, and a pod's number is its node's id.
*/}}
{{- define "keyval.statefulSet" -}}
{{- $root := .root -}}
{{- $values := .root.Values -}}
{{- $fullname := include "keyval.fullname" .root -}}
{{- $settings := mergeOverwrite (dict) $values.settings .node.settings -}}
{{- if $values.tls.enabled -}}
{{- $settings = mergeOverwrite (include "keyval.tlsSettings" .root | fromYaml) $settings -}}
{{- end -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $fullname }}-{{ .role }}
  labels:
    {{- include "keyval.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  replicas: {{ .replicas }}
  ordinals:
    start: {{ .firstId }}
  serviceName: {{ $fullname }}-headless
  podManagementPolicy: Parallel
  {{- if .node.persistence.enabled }}
  persistentVolumeClaimRetentionPolicy:
    {{- toYaml .node.persistence.retention | nindent 4 }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "keyval.selectorLabels" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .role }}
  template:
    metadata:
      labels:
        {{- with .node.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        {{- include "keyval.selectorLabels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .role }}
      annotations:
        kubectl.kubernetes.io/default-container: keyval
        {{- if and $values.secret.value (not $values.secret.existingSecret) }}
        checksum/secret: {{ sha256sum $values.secret.value | trunc 8 | quote }}
        {{- end }}
        {{- if and $values.clientSecret.enabled $values.clientSecret.value (not $values.clientSecret.existingSecret) }}
        checksum/client-secret: {{ sha256sum $values.clientSecret.value | trunc 8 | quote }}
        {{- end }}
        {{- with .node.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "keyval.serviceAccountName" $root }}
      automountServiceAccountToken: false
      # A Service called keyval would otherwise set KEYVAL_PORT to an address.
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
      {{- with $values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- toYaml $values.podSecurityContext | nindent 8 }}
      containers:
        - name: keyval
          image: {{ include "keyval.image" $root | quote }}
          imagePullPolicy: {{ $values.image.pullPolicy }}
          securityContext:
            {{- toYaml $values.containerSecurityContext | nindent 12 }}
          env:
            - name: SPRING_PROFILES_ACTIVE
              value: {{ .role }}
            - name: KEYVAL_ID
              valueFrom:
                fieldRef:
                  fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
            {{- if eq .role "follower" }}
            - name: KEYVAL_LEADER_HOST
              value: {{ $fullname }}-leader
            - name: KEYVAL_LEADER_PORT
              value: {{ $values.service.port | quote }}
            {{- end }}
            # Followers too: one of them may be promoted.
            - name: KEYVAL_REPLICATION_MAX_FOLLOWERS
              value: {{ max 10 (int $values.followers.replicas) | quote }}
            - name: KEYVAL_PORT
              value: "5000"
            - name: KEYVAL_DATA_DIR
              value: /data
            - name: MANAGEMENT_SERVER_PORT
              value: {{ $values.management.port | quote }}
            {{- with $values.javaOptions }}
            - name: JDK_JAVA_OPTIONS
              value: {{ . | quote }}
            {{- end }}
            {{- with $settings }}
            - name: SPRING_APPLICATION_JSON
              value: {{ toJson . | quote }}
            {{- end }}
            {{- with $values.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          ports:
            - name: client
              containerPort: 5000
            - name: management
              containerPort: {{ $values.management.port }}
          startupProbe:
            httpGet:
              path: /livez
              port: management
            {{- toYaml $values.startupProbe | nindent 12 }}
          livenessProbe:
            httpGet:
              path: /livez
              port: management
            {{- toYaml $values.livenessProbe | nindent 12 }}
          readinessProbe:
            httpGet:
              path: /readyz
              port: management
            {{- toYaml $values.readinessProbe | nindent 12 }}
          {{- if gt (int $values.preStopSleepSeconds) 0 }}
          lifecycle:
            preStop:
              sleep:
                seconds: {{ $values.preStopSleepSeconds }}
          {{- end }}
          {{- with .node.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          volumeMounts:
            - name: data
              mountPath: /data
            - name: tmp
              mountPath: /tmp
            - name: secrets
              mountPath: /run/secrets/keyval
              readOnly: true
            {{- if $values.tls.enabled }}
            - name: tls
              mountPath: /run/secrets/keyval-tls
              readOnly: true
            {{- end }}
            {{- with $values.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir: {}
        {{- include "keyval.secretsVolume" $root | nindent 8 }}
        {{- if $values.tls.enabled }}
        {{- include "keyval.tlsVolume" $root | nindent 8 }}
        {{- end }}
        {{- if not .node.persistence.enabled }}
        - name: data
          emptyDir: {}
        {{- end }}
        {{- with $values.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .node.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .node.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      affinity:
        {{- if .node.affinity }}
        {{- toYaml .node.affinity | nindent 8 }}
        {{- else }}
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector:
                  matchLabels:
                    {{- include "keyval.selectorLabels" $root | nindent 20 }}
        {{- end }}
      topologySpreadConstraints:
        {{- if .node.topologySpreadConstraints }}
        {{- toYaml .node.topologySpreadConstraints | nindent 8 }}
        {{- else }}
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "keyval.selectorLabels" $root | nindent 14 }}
        {{- end }}
      {{- with .node.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
  {{- if .node.persistence.enabled }}
  volumeClaimTemplates:
    - apiVersion: v1
      kind: PersistentVolumeClaim
      metadata:
        name: data
        labels:
          {{- include "keyval.selectorLabels" $root | nindent 10 }}
          app.kubernetes.io/component: {{ .role }}
        {{- with .node.persistence.annotations }}
        annotations:
          {{- toYaml . | nindent 10 }}
        {{- end }}
      spec:
        accessModes:
          {{- toYaml .node.persistence.accessModes | nindent 10 }}
        {{- with .node.persistence.storageClass }}
        storageClassName: {{ . | quote }}
        {{- end }}
        resources:
          requests:
            storage: {{ .node.persistence.size | quote }}
  {{- end }}
{{- end -}}

{{/* The PodDisruptionBudget of a role. Takes root, role and node. */}}
{{- define "keyval.podDisruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "keyval.fullname" .root }}-{{ .role }}
  labels:
    {{- include "keyval.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  maxUnavailable: {{ .node.podDisruptionBudget.maxUnavailable }}
  selector:
    matchLabels:
      {{- include "keyval.selectorLabels" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .role }}
{{- end -}}

{{/* The service called write or read. Takes root, name, service (its values) and selector. */}}
{{- define "keyval.clientService" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "keyval.fullname" .root }}-{{ .name }}
  labels:
    {{- include "keyval.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .name }}
  {{- with .service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ .service.type }}
  {{- if eq .service.type "LoadBalancer" }}
  {{- with .service.loadBalancerSourceRanges }}
  loadBalancerSourceRanges:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  selector:
    {{- .selector | nindent 4 }}
  ports:
    - name: client
      port: {{ .root.Values.service.port }}
      targetPort: client
{{- end -}}
