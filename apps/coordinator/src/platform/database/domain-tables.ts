/** Tables of machines, offers, workloads, leases and payments (migrations 0020 and up). */
export interface DomainTables {}
