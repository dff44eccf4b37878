// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {UnitRegistry} from "../../src/UnitRegistry.sol";
import {Auth, IUnitRegistry, UnitInput} from "../../src/interfaces/IUnitRegistry.sol";
import {Artefact} from "../support/Artefact.sol";
import {Authority} from "../support/Authority.sol";
import {RegistrySigner} from "../support/RegistrySigner.sol";

/// @dev Random use of the registry by two providers, each step sent by himself or relayed, beside a plain model of what
/// it must then contain. Steps that the model forbids must revert, the others must not.
contract RegistryHandler is RegistrySigner {
    struct ModelMachine {
        address agent;
        bool retired;
    }

    struct ModelUnit {
        bytes32 machine;
        bytes32 spec;
        bool retired;
    }

    uint256 private constant MACHINES = 3;
    uint256 private constant UNITS = 4;

    address[2] public providers;
    uint256[2] private keys;
    mapping(uint256 provider => bool) public registered;
    mapping(uint256 provider => uint256) public relayed;
    mapping(uint256 provider => mapping(uint256 machine => ModelMachine)) public machines;
    mapping(uint256 provider => mapping(uint256 unit => ModelUnit)) public units;
    Auth private none;

    constructor(UnitRegistry registry_) {
        registry = registry_;
        (providers[0], keys[0]) = makeAddrAndKey("provider 0");
        (providers[1], keys[1]) = makeAddrAndKey("provider 1");
    }

    function register(uint256 p, bool relay) external {
        p %= 2;
        Auth memory auth = relay ? _signProvider(keys[p], "Register", providers[p], address(7), 0) : none;
        _expect(!registered[p], IUnitRegistry.UnitRegistry_ProviderExists.selector, p, relay);
        registry.registerProvider(providers[p], address(7), 0, auth);
        registered[p] = true;
    }

    function connect(uint256 p, uint256 m, address agent, bool relay) external {
        (p, m) = (p % 2, m % MACHINES);
        if (agent == address(0) || !registered[p]) return;
        Auth memory auth = relay ? _signMachine(keys[p], "RegisterMachine", providers[p], id(m), agent) : none;
        bool fresh = machines[p][m].agent == address(0);
        _expect(fresh, IUnitRegistry.UnitRegistry_MachineExists.selector, p, relay);
        registry.registerMachine(providers[p], id(m), agent, auth);
        if (fresh) machines[p][m].agent = agent;
    }

    function changeAgent(uint256 p, uint256 m, address agent, bool relay) external {
        (p, m) = (p % 2, m % MACHINES);
        if (agent == address(0)) return;
        Auth memory auth = relay ? _signMachine(keys[p], "ChangeAgent", providers[p], id(m), agent) : none;
        bool live = _liveMachine(p, m);
        _expect(live, IUnitRegistry.UnitRegistry_UnknownMachine.selector, p, relay);
        registry.changeAgent(providers[p], id(m), agent, auth);
        if (live) machines[p][m].agent = agent;
    }

    function retireMachine(uint256 p, uint256 m, bool relay) external {
        (p, m) = (p % 2, m % MACHINES);
        Auth memory auth = relay ? _signRetireMachine(keys[p], providers[p], id(m)) : none;
        bool live = _liveMachine(p, m);
        _expect(live, IUnitRegistry.UnitRegistry_UnknownMachine.selector, p, relay);
        registry.retireMachine(providers[p], id(m), auth);
        if (live) machines[p][m].retired = true;
    }

    function describe(uint256 p, uint256 u, uint256 m, bytes32 spec, bool relay) external {
        (p, u, m) = (p % 2, u % UNITS, m % MACHINES);
        if (spec == 0 || !_liveMachine(p, m)) return;
        UnitInput[] memory list = _one(u, m, spec);
        Auth memory auth = relay ? _signUnits(keys[p], "RegisterUnits", providers[p], list) : none;
        bool fresh = units[p][u].machine == 0;
        _expect(fresh, IUnitRegistry.UnitRegistry_UnitExists.selector, p, relay);
        registry.registerUnits(providers[p], list, auth);
        if (fresh) units[p][u] = ModelUnit(id(m), spec, false);
    }

    function update(uint256 p, uint256 u, uint256 m, bytes32 spec, bool relay) external {
        (p, u, m) = (p % 2, u % UNITS, m % MACHINES);
        if (spec == 0 || !_liveMachine(p, m)) return;
        UnitInput[] memory list = _one(u, m, spec);
        Auth memory auth = relay ? _signUnits(keys[p], "UpdateUnits", providers[p], list) : none;
        bool known = units[p][u].machine != 0 && !units[p][u].retired;
        _expect(known, IUnitRegistry.UnitRegistry_UnknownUnit.selector, p, relay);
        registry.updateUnits(providers[p], list, auth);
        if (known) units[p][u] = ModelUnit(id(m), spec, false);
    }

    function retireUnit(uint256 p, uint256 u, bool relay) external {
        (p, u) = (p % 2, u % UNITS);
        uint64[] memory list = new uint64[](1);
        list[0] = uint64(u);
        Auth memory auth = relay ? _signRetireUnits(keys[p], providers[p], list) : none;
        bool known = units[p][u].machine != 0 && !units[p][u].retired;
        _expect(known, IUnitRegistry.UnitRegistry_UnknownUnit.selector, p, relay);
        registry.retireUnits(providers[p], list, auth);
        if (known) units[p][u].retired = true;
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 30 days));
    }

    /// @notice The id of the model's machine `m`.
    function id(uint256 m) public pure returns (bytes32) {
        return keccak256(abi.encode("machine", m));
    }

    /// @dev Sets up the next call: by the provider, or by a stranger with his signature; and what it must do.
    function _expect(bool works, bytes4 refusal, uint256 p, bool relay) private {
        if (!works) vm.expectPartialRevert(refusal);
        else if (relay) ++relayed[p];
        vm.prank(relay ? stranger : providers[p]);
    }

    function _liveMachine(uint256 p, uint256 m) private view returns (bool) {
        return machines[p][m].agent != address(0) && !machines[p][m].retired;
    }

    function _one(uint256 u, uint256 m, bytes32 spec) private pure returns (UnitInput[] memory list) {
        list = new UnitInput[](1);
        list[0] = UnitInput(uint64(u), id(m), spec);
    }
}

contract UnitRegistryInvariants is Authority, Artefact {
    UnitRegistry private registry;
    RegistryHandler private handler;

    function setUp() public {
        vm.warp(1_000_000);
        registry = UnitRegistry(_deployArtefact("UnitRegistry", abi.encode(manager)));
        handler = new RegistryHandler(registry);
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](8);
        selectors[0] = handler.register.selector;
        selectors[1] = handler.connect.selector;
        selectors[2] = handler.changeAgent.selector;
        selectors[3] = handler.retireMachine.selector;
        selectors[4] = handler.describe.selector;
        selectors[5] = handler.update.selector;
        selectors[6] = handler.retireUnit.selector;
        selectors[7] = handler.wait.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    /// @notice The registry holds what the steps put into it, for each provider apart from the other.
    function invariant_MatchesModel() external view {
        for (uint256 p; p < 2; ++p) {
            address provider = handler.providers(p);
            assertEq(registry.providerOf(provider).payout, handler.registered(p) ? address(7) : address(0));
            for (uint256 m; m < 3; ++m) {
                IUnitRegistry.Machine memory found = registry.machineOf(provider, handler.id(m));
                (address agent, bool retired) = handler.machines(p, m);
                assertEq(found.agent, agent);
                assertEq(found.retired, retired);
            }
            for (uint256 u; u < 4; ++u) {
                IUnitRegistry.Unit memory found = registry.unitOf(provider, uint64(u));
                (bytes32 machine, bytes32 spec, bool retired) = handler.units(p, u);
                assertEq(found.machine, machine);
                assertEq(found.spec, spec);
                bool live = machine != 0 && !retired && !registry.machineOf(provider, machine).retired;
                assertEq(registry.isLive(provider, uint64(u)), live);
            }
        }
    }

    /// @notice A signature is used at most once, and only for what was done: nonces count the relayed steps.
    function invariant_NoncesCountRelayedSteps() external view {
        assertEq(registry.nonces(handler.providers(0)), handler.relayed(0));
        assertEq(registry.nonces(handler.providers(1)), handler.relayed(1));
    }
}
