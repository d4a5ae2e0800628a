import LeaseholdBroker
import LeaseholdModel
import Testing

@Suite("Placement")
struct PlacementTests {
    private func spots(_ view: LeaseGrantView) -> [String] {
        zip(view.nodeNames, view.placements).map { "\($0) \($1.gpus)" }
    }

    @Test("one GPU goes to the node with the fewest free GPUs, and of equal nodes to the first")
    func oneGPUFillsTheFullestNode() throws {
        var registry = Registry(.racks([[(8, "H100"), (4, "H100")], [(2, "H100"), (2, "H100")]]))
        #expect(spots(try registry.granted(1)) == ["s/h/r1/n0 0"])
        #expect(spots(try registry.granted(1)) == ["s/h/r1/n0 1"])
        #expect(spots(try registry.granted(3)) == ["s/h/r0/n1 0-2"])
        #expect(spots(try registry.granted(1)) == ["s/h/r0/n1 3"])
    }

    @Test("what no node can hold goes to the rack with the fewest free GPUs that suffice")
    func gangsStayInARack() throws {
        var registry = Registry(.racks([[(8, "H100"), (8, "H100"), (8, "H100")], [(8, "H100"), (4, "H100")]]))
        #expect(spots(try registry.granted(12)) == ["s/h/r1/n0 0-7", "s/h/r1/n1 0-3"])
    }

    @Test("within a rack the fullest parts go first and the remainder where it fits best")
    func remainderFitsBest() throws {
        var registry = Registry(.racks([[(8, "H100"), (4, "H100"), (8, "H100"), (2, "H100")]]))
        #expect(spots(try registry.granted(10)) == ["s/h/r0/n0 0-7", "s/h/r0/n3 0-1"])
        #expect(spots(try registry.granted(9)) == ["s/h/r0/n1 0", "s/h/r0/n2 0-7"])
    }

    @Test("a gang climbs from rack to hall to site and then across sites")
    func gangsClimb() throws {
        let fleet = FleetDeclaration.site("a", halls: 2, racks: 2, nodes: 1, gpus: 4).and(
            .site("b", halls: 1, racks: 1, nodes: 1, gpus: 4))
        for (count, enclosure) in [(4, "a/hall-1/rack-1"), (5, "a/hall-1"), (9, "a"), (17, nil)] {
            var registry = Registry(fleet)
            let reply = registry.ask(.quoteLease(.terms(count)))
            guard case .quote(let quote) = reply else {
                Issue.record("\(count) GPUs: \(reply)")
                continue
            }
            #expect(quote.within == enclosure, "\(count) GPUs")
            #expect(quote.gpuCount == count)
            #expect(try registry.granted(count).placements == quote.placements)
        }
    }

    @Test("of kinds in order of preference the first that holds all of it is taken, and kinds are not mixed")
    func kindsInOrder() throws {
        var registry = Registry(.racks([[(4, "H100"), (8, "H200"), (4, "H100")]]))
        #expect(spots(try registry.granted(6, kinds: ["H100", "H200"])) == ["s/h/r0/n0 0-3", "s/h/r0/n2 0-1"])
        #expect(spots(try registry.granted(3, kinds: ["H100", "H200"])) == ["s/h/r0/n1 0-2"])
        #expect(
            registry.lease(7, kinds: ["H100", "H200"])
                == .refused(.noCapacity(asked: 7, grantable: 5, inventory: 16)))
        #expect(spots(try registry.granted(7)) == ["s/h/r0/n1 3-7", "s/h/r0/n2 2-3"])
        #expect(registry.lease(1, kinds: ["B200"]) == .refused(.notFound(.kind, name: "B200")))
    }

    @Test("whole nodes are free altogether, the smallest first")
    func wholeNodes() throws {
        var registry = Registry(.racks([[(8, "H100"), (4, "H100"), (4, "H100")], [(8, "H100"), (2, "H100")]]))
        #expect(spots(try registry.granted(1)) == ["s/h/r1/n1 0"])
        #expect(spots(try registry.granted(1, .node)) == ["s/h/r0/n1 0-3"])
        #expect(spots(try registry.granted(2, .node)) == ["s/h/r0/n0 0-7", "s/h/r0/n2 0-3"])
        #expect(
            registry.lease(2, .node) == .refused(.noWholeNodes(unit: .node, asked: 2, grantable: 1)))
    }

    @Test("an unhealthy GPU keeps its node from being leased whole, and a site from nothing")
    func unhealthyGPUs() throws {
        var registry = Registry(.site(nodes: 2, gpus: 4))
        registry.append(.gpuHealthChanged(node: NodeID(rawValue: 0), unhealthy: .only(2)))
        #expect(spots(try registry.granted(1, .node)) == ["s/hall-1/rack-1/node-2 0-3"])
        #expect(registry.lease(1, .node) == .refused(.noWholeNodes(unit: .node, asked: 1, grantable: 0)))
        registry = Registry(.site(nodes: 2, gpus: 4))
        registry.append(.gpuHealthChanged(node: NodeID(rawValue: 0), unhealthy: .only(2)))
        #expect(try registry.granted(1, .site).gpuCount == 7)
    }

    @Test("a site is every ready node that is not cordoned, and no lease may lie on them")
    func wholeSites() throws {
        let fleet = FleetDeclaration.site("a", racks: 2, nodes: 2, gpus: 4).and(.site("b", nodes: 2, gpus: 2))
        var registry = Registry(fleet)
        registry.ask(.cordonNode(name: "a/hall-1/rack-1/node-1"))
        let small = try registry.granted(1, .site)
        #expect(small.nodeNames == ["b/hall-1/rack-1/node-1", "b/hall-1/rack-1/node-2"])
        _ = try registry.granted(1)
        #expect(registry.lease(1, .site) == .refused(.noWholeNodes(unit: .site, asked: 1, grantable: 0)))
        registry = Registry(fleet)
        #expect(try registry.granted(2, .site).gpuCount == 20)
    }

    @Test("nothing is put on a node that is cordoned, silent, quarantined or was never delivered")
    func onlyReadyNodes() throws {
        var registry = Registry()
        registry.importFleet(.site(nodes: 4, gpus: 1))
        registry.createTenant("acme", quota: 9)
        let nodes = (0..<4).map { NodeID(rawValue: $0) }
        for node in nodes[0...2] { registry.report(node) }
        registry.append(.nodesSetAside([nodes[0]], state: .suspect, reason: .silent))
        registry.append(.nodesSetAside([nodes[1]], state: .quarantined, reason: .guardDown))
        registry.ask(.cordonNode(name: "s/hall-1/rack-1/node-3"))
        #expect(registry.lease(1) == .refused(.noCapacity(asked: 1, grantable: 0, inventory: 4)))
        registry.ask(.uncordonNode(name: "s/hall-1/rack-1/node-3"))
        #expect(try registry.granted(1).placements.map(\.node) == [nodes[2]])
        registry.report(nodes[0])
        #expect(try registry.granted(1).placements.map(\.node) == [nodes[0]])
    }

    @Test(
        "a request that cannot be is refused with its field, its value and what was expected",
        arguments: [
            (LeaseTerms.terms(0), "count"), (.terms(7_000_000), "count"), (.terms(400_001, .node), "count"),
            (.terms(1, kinds: Array(repeating: "H100", count: 17)), "kinds"), (.terms(1, term: .zero), "term"),
            (.terms(1, term: .hours(24 * 366 * 11)), "term"),
            (
                LeaseTerms(
                    tenant: "acme", unit: .gpu, count: 1, kinds: [], end: .at(CalendarInstant(nanoseconds: 5)),
                    onSilence: .fence), "end"
            ),
        ])
    func requestsThatCannotBe(terms: LeaseTerms, field: String) {
        var registry = Registry(.site())
        guard case .refused(.invalid(let named, _, _)) = registry.ask(.createLease(terms)) else {
            Issue.record("\(terms) was not refused")
            return
        }
        #expect(named == field)
    }
}
