/** crun takes a compiled seccomp program from here, base64, and then needs no `linux.seccomp`. */
export const BPF_ANNOTATION = "run.oci.seccomp_bpf_data";
