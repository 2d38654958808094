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

{{/* "true" in the mode cluster, else nothing. */}}
{{- define "keyval.isCluster" -}}
{{- if eq .Values.mode "cluster" -}}true{{- end -}}
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
{{- if or (include "keyval.isCluster" .) .Values.service.read.includeLeader (eq (int .Values.followers.replicas) 0) -}}true{{- end -}}
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
{{- if not (include "keyval.isCluster" .) }}
keyval.replication.tls.bundle: keyval
{{- end }}
spring.ssl.bundle.pem.keyval.reload-on-update: true
spring.ssl.bundle.pem.keyval.keystore.certificate: /run/secrets/keyval-tls/{{ .Values.tls.certificateKey }}
spring.ssl.bundle.pem.keyval.keystore.private-key: /run/secrets/keyval-tls/{{ .Values.tls.privateKeyKey }}
{{- if .Values.tls.caKey }}
spring.ssl.bundle.pem.keyval.truststore.certificate: /run/secrets/keyval-tls/{{ .Values.tls.caKey }}
{{- end }}
{{- end -}}

{{/* The volume of the certificates for the port between the nodes of a cluster. */}}
{{- define "keyval.raftTlsVolume" -}}
- name: raft-tls
  secret:
    secretName: {{ required "cluster.tls.existingSecret is needed when cluster.tls.enabled is true: the name of a Secret of the type kubernetes.io/tls." .Values.cluster.tls.existingSecret }}
    defaultMode: 0440
{{- end -}}

{{/* Settings that go by the values of cluster.tls. */}}
{{- define "keyval.raftTlsSettings" -}}
keyval.cluster.tls.bundle: keyval-raft
spring.ssl.bundle.pem.keyval-raft.reload-on-update: true
spring.ssl.bundle.pem.keyval-raft.keystore.certificate: /run/secrets/keyval-raft/{{ .Values.cluster.tls.certificateKey }}
spring.ssl.bundle.pem.keyval-raft.keystore.private-key: /run/secrets/keyval-raft/{{ .Values.cluster.tls.privateKeyKey }}
spring.ssl.bundle.pem.keyval-raft.truststore.certificate: /run/secrets/keyval-raft/{{ .Values.cluster.tls.caKey }}
{{- end -}}

{{/* The id of a pod of the cluster. Takes root and number. */}}
{{- define "keyval.clusterId" -}}
{{- get .root.Values.cluster.newIds (.number | toString) | default .number | int -}}
{{- end -}}

{{/* The name of a pod of the cluster. Takes root and number. */}}
{{- define "keyval.clusterHost" -}}
{{- $fullname := include "keyval.fullname" .root -}}
{{- printf "%s-cluster-%d.%s-headless.%s.svc.%s" $fullname (int .number) $fullname .root.Release.Namespace .root.Values.cluster.domain -}}
{{- end -}}

{{/* A pod of the cluster as a peer, id@host:port. Takes root, number and id. */}}
{{- define "keyval.clusterPeer" -}}
{{- printf "%s@%s:6000" (.id | toString) (include "keyval.clusterHost" .) -}}
{{- end -}}

{{/*
The pods of the cluster that formed it and are there, for the smoke test. None where the port takes TLS: the
certificate is for the name of the service.
*/}}
{{- define "keyval.smokeTestNodes" -}}
{{- if and (include "keyval.isCluster" .) (not .Values.tls.enabled) -}}
{{- $hosts := list -}}
{{- range $index := until (min .Values.cluster.replicas .Values.cluster.initialReplicas | int) -}}
{{- $hosts = append $hosts (include "keyval.clusterHost" (dict "root" $ "number" (add1 $index))) -}}
{{- end -}}
{{- join " " $hosts -}}
{{- end -}}
{{- end -}}

{{/*
What is different from pod to pod of the cluster: a file of settings for each, by its number. Who formed the
cluster is told all who did, for ever by the ids of then; who joins it is told those who are there, and itself.
*/}}
{{- define "keyval.clusterSettings" -}}
{{- $root := . -}}
{{- $initial := int .Values.cluster.initialReplicas -}}
{{- range $index := until (int .Values.cluster.replicas) }}
{{- $number := add1 $index | int }}
{{- $id := include "keyval.clusterId" (dict "root" $root "number" $number) }}
{{- $joins := or (gt $number $initial) (hasKey $root.Values.cluster.newIds ($number | toString)) }}
{{- $peers := list }}
{{- range $former := until $initial }}
{{- $former = add1 $former | int }}
{{- if not $joins }}
{{- $peers = append $peers (include "keyval.clusterPeer" (dict "root" $root "number" $former "id" $former)) }}
{{- else if and (le $former (int $root.Values.cluster.replicas)) (ne $former $number) }}
{{- $peers = append $peers (include "keyval.clusterPeer" (dict "root" $root "number" $former "id" (include "keyval.clusterId" (dict "root" $root "number" $former)))) }}
{{- end }}
{{- end }}
{{- if $joins }}
{{- $peers = append $peers (include "keyval.clusterPeer" (dict "root" $root "number" $number "id" $id)) }}
{{- end }}
{{ $number }}.properties: |
  keyval.id={{ $id }}
  keyval.cluster.peers={{ join "," $peers }}
  keyval.cluster.join={{ $joins }}
{{- end }}
{{- end -}}

{{/*
The StatefulSet of a role. Takes root, role ("leader", "follower" or "cluster"), node (the role's values),
replicas and firstId. Pods are numbered from firstId, and a pod's number is its node's id, but for
cluster.newIds.
*/}}
{{- define "keyval.statefulSet" -}}
{{- $root := .root -}}
{{- $values := .root.Values -}}
{{- $fullname := include "keyval.fullname" .root -}}
{{- $settings := mergeOverwrite (dict) $values.settings .node.settings -}}
{{- if $values.tls.enabled -}}
{{- $settings = mergeOverwrite (include "keyval.tlsSettings" .root | fromYaml) $settings -}}
{{- end -}}
{{- $isCluster := eq .role "cluster" -}}
{{- if and $isCluster $values.cluster.tls.enabled -}}
{{- $settings = mergeOverwrite (include "keyval.raftTlsSettings" .root | fromYaml) $settings -}}
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
            {{- if $isCluster }}
            - name: POD_NUMBER
              valueFrom:
                fieldRef:
                  fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
            # Not a variable each: a pod that is added must not be a reason to replace the others.
            - name: SPRING_CONFIG_IMPORT
              value: file:/etc/keyval/$(POD_NUMBER).properties
            - name: KEYVAL_CLUSTER_NAME
              value: {{ $fullname }}
            {{- else }}
            - name: KEYVAL_ID
              valueFrom:
                fieldRef:
                  fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
            {{- end }}
            {{- if eq .role "follower" }}
            - name: KEYVAL_LEADER_HOST
              value: {{ $fullname }}-leader
            - name: KEYVAL_LEADER_PORT
              value: {{ $values.service.port | quote }}
            {{- end }}
            {{- if not $isCluster }}
            # Followers too: one of them may be promoted.
            - name: KEYVAL_REPLICATION_MAX_FOLLOWERS
              value: {{ max 10 (int $values.followers.replicas) | quote }}
            {{- end }}
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
            {{- if $isCluster }}
            - name: raft
              containerPort: 6000
            {{- end }}
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
            {{- if $isCluster }}
            - name: nodes
              mountPath: /etc/keyval
              readOnly: true
            {{- if $values.cluster.tls.enabled }}
            - name: raft-tls
              mountPath: /run/secrets/keyval-raft
              readOnly: true
            {{- end }}
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
        {{- if $isCluster }}
        - name: nodes
          configMap:
            name: {{ $fullname }}-cluster
            defaultMode: 0444
        {{- if $values.cluster.tls.enabled }}
        {{- include "keyval.raftTlsVolume" $root | nindent 8 }}
        {{- end }}
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
          {{- if eq (.node.antiAffinity | default "preferred") "required" }}
          requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: kubernetes.io/hostname
              labelSelector:
                matchLabels:
                  {{- include "keyval.selectorLabels" $root | nindent 18 }}
          {{- else }}
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector:
                  matchLabels:
                    {{- include "keyval.selectorLabels" $root | nindent 20 }}
          {{- end }}
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

{{/* The service called client, write or read. Takes root, name, service (its values) and selector. */}}
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
