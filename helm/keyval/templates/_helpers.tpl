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
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}

{{- define "keyval.secretName" -}}
{{- default (include "keyval.fullname" .) .Values.secret.existingSecret -}}
{{- end -}}

{{- define "keyval.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "keyval.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* What the read service reaches besides the followers. */}}
{{- define "keyval.readsFromLeader" -}}
{{- if or .Values.service.read.includeLeader (eq (int .Values.followers.replicas) 0) -}}true{{- end -}}
{{- end -}}

{{/*
The StatefulSet of a role. Takes root, role ("leader" or "follower"), node (the role's values),
replicas and firstId. Pods are numbered from firstId, and a pod's number is its node's id.
*/}}
{{- define "keyval.statefulSet" -}}
{{- $root := .root -}}
{{- $values := .root.Values -}}
{{- $fullname := include "keyval.fullname" .root -}}
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
            {{- if eq .role "leader" }}
            - name: KEYVAL_REPLICATION_MAX_FOLLOWERS
              value: {{ max 10 (int $values.followers.replicas) | quote }}
            {{- end }}
            - name: KEYVAL_PORT
              value: "5000"
            - name: KEYVAL_DATA_DIR
              value: /data
            - name: KEYVAL_SECRET
              valueFrom:
                secretKeyRef:
                  name: {{ include "keyval.secretName" $root }}
                  key: {{ $values.secret.key }}
            - name: MANAGEMENT_SERVER_PORT
              value: {{ $values.management.port | quote }}
            - name: JDK_JAVA_OPTIONS
              value: {{ $values.javaOptions | quote }}
            {{- with $values.settings }}
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
              path: /actuator/health/liveness
              port: management
            {{- toYaml $values.startupProbe | nindent 12 }}
          livenessProbe:
            httpGet:
              path: /actuator/health/liveness
              port: management
            {{- toYaml $values.livenessProbe | nindent 12 }}
          readinessProbe:
            httpGet:
              path: /actuator/health/readiness
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
      volumes:
        - name: tmp
          emptyDir: {}
        {{- if not .node.persistence.enabled }}
        - name: data
          emptyDir: {}
        {{- end }}
      {{- with .node.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .node.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .node.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      topologySpreadConstraints:
        {{- if .node.topologySpreadConstraints }}
        {{- toYaml .node.topologySpreadConstraints | nindent 8 }}
        {{- else }}
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
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
