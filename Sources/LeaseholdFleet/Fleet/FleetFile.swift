package import LeaseholdModel

/// Fleet files: what a site has, written by people, read into the words of the house.
///
/// A file says in few lines what stands in thousands of racks. Reading it has three steps, and a complaint in any of
/// them refuses the whole file: text → fields that know their line (`YAMLText`), fields → shapes with counts
/// (`FleetReader`), shapes → places and runs of nodes (`FleetLayout`). The article *Fleet files* tells the form.
package enum FleetFile {
    /// The forms that a file can have.
    package enum Form: Hashable, Sendable, CaseIterable {
        /// The form of the house; JSON is YAML too.
        case yaml
        /// A list of nodes, a row each, with the columns `sn`, `gpu` and `model`.
        case nodeCSV

        /// The form that the file's name says: `.csv` is a node list, everything else YAML.
        package init(fileName: String) {
            self = fileName.lowercased().hasSuffix(".csv") ? .nodeCSV : .yaml
        }
    }

    /// The fleet that a YAML or JSON text declares; all of its complaints, up to twenty, where it does not.
    package static func read(text: String, name: String) throws(FleetComplaint) -> FleetDeclaration {
        var reader = FleetReader(fields: FieldReader(findings: Findings(file: name)))
        let sites = reader.sites(of: text)
        try reader.fields.findings.throwIfAny()
        var layout = FleetLayout(findings: reader.fields.findings)
        layout.lay(sites, kinds: reader.kinds)
        try layout.findings.throwIfAny()
        return layout.fleet
    }
}
