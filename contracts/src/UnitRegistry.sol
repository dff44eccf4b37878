// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Auth, IUnitRegistry, UnitInput} from "./interfaces/IUnitRegistry.sol";

/// @title UnitRegistry
/// @notice The public record of providers, machines and units; see `IUnitRegistry`.
contract UnitRegistry is IUnitRegistry, EIP712, Nonces, AccessManaged {
    using BitMaps for BitMaps.BitMap;

    /// @inheritdoc IUnitRegistry
    uint256 public constant MAX_UNITS = 128;

    bytes32 private constant REGISTER_PROVIDER =
        keccak256("RegisterProvider(address provider,address payout,bytes32 metadata,uint256 nonce,uint40 deadline)");
    bytes32 private constant UPDATE_PROVIDER =
        keccak256("UpdateProvider(address provider,address payout,bytes32 metadata,uint256 nonce,uint40 deadline)");
    bytes32 private constant REGISTER_MACHINE =
        keccak256("RegisterMachine(address provider,bytes32 machine,address agent,uint256 nonce,uint40 deadline)");
    bytes32 private constant CHANGE_AGENT =
        keccak256("ChangeAgent(address provider,bytes32 machine,address agent,uint256 nonce,uint40 deadline)");
    bytes32 private constant RETIRE_MACHINE =
        keccak256("RetireMachine(address provider,bytes32 machine,uint256 nonce,uint40 deadline)");
    bytes32 private constant UNIT = keccak256("Unit(uint64 unit,bytes32 machine,bytes32 spec)");
    bytes32 private constant REGISTER_UNITS =
        keccak256(
            "RegisterUnits(address provider,Unit[] units,uint256 nonce,uint40 deadline)Unit(uint64 unit,bytes32 machine,bytes32 spec)"
        );
    bytes32 private constant UPDATE_UNITS =
        keccak256(
            "UpdateUnits(address provider,Unit[] units,uint256 nonce,uint40 deadline)Unit(uint64 unit,bytes32 machine,bytes32 spec)"
        );
    bytes32 private constant RETIRE_UNITS =
        keccak256("RetireUnits(address provider,uint64[] units,uint256 nonce,uint40 deadline)");

    /// @inheritdoc IUnitRegistry
    bool public paused;

    mapping(address provider => Provider) private _providers;
    mapping(address provider => mapping(bytes32 id => Machine)) private _machines;
    mapping(address provider => mapping(uint64 unit => Unit)) private _units;
    mapping(address provider => BitMaps.BitMap) private _retired;

    /// @param authority_ The AccessManager that decides who may pause registration.
    constructor(address authority_) EIP712("Corepool UnitRegistry", "1") AccessManaged(authority_) {}

    /* PROVIDERS */

    /// @inheritdoc IUnitRegistry
    function registerProvider(address provider, address payout, bytes32 metadata, Auth calldata auth) external {
        _requireOpen();
        _authorise(provider, abi.encode(REGISTER_PROVIDER, provider, payout, metadata), auth);
        require(_providers[provider].payout == address(0), UnitRegistry_ProviderExists(provider));
        if (payout == address(0)) payout = provider;
        _providers[provider] = Provider(payout, uint40(block.timestamp), metadata);
        emit ProviderRegistered(provider, payout, metadata);
    }

    /// @inheritdoc IUnitRegistry
    function updateProvider(address provider, address payout, bytes32 metadata, Auth calldata auth) external {
        _authorise(provider, abi.encode(UPDATE_PROVIDER, provider, payout, metadata), auth);
        _requireProvider(provider);
        if (payout == address(0)) payout = provider;
        _providers[provider].payout = payout;
        _providers[provider].metadata = metadata;
        emit ProviderUpdated(provider, payout, metadata);
    }

    /* MACHINES */

    /// @inheritdoc IUnitRegistry
    function registerMachine(address provider, bytes32 machine, address agent, Auth calldata auth) external {
        _requireOpen();
        _authorise(provider, abi.encode(REGISTER_MACHINE, provider, machine, agent), auth);
        _requireProvider(provider);
        require(machine != 0 && agent != address(0), UnitRegistry_Zero());
        require(_machines[provider][machine].agent == address(0), UnitRegistry_MachineExists(machine));
        _machines[provider][machine] = Machine(agent, uint40(block.timestamp), false);
        emit MachineRegistered(provider, machine, agent);
    }

    /// @inheritdoc IUnitRegistry
    function changeAgent(address provider, bytes32 machine, address agent, Auth calldata auth) external {
        _authorise(provider, abi.encode(CHANGE_AGENT, provider, machine, agent), auth);
        _requireMachine(provider, machine);
        require(agent != address(0), UnitRegistry_Zero());
        _machines[provider][machine].agent = agent;
        emit AgentChanged(provider, machine, agent);
    }

    /// @inheritdoc IUnitRegistry
    function retireMachine(address provider, bytes32 machine, Auth calldata auth) external {
        _authorise(provider, abi.encode(RETIRE_MACHINE, provider, machine), auth);
        _requireMachine(provider, machine);
        _machines[provider][machine].retired = true;
        emit MachineRetired(provider, machine);
    }

    /* UNITS */

    /// @inheritdoc IUnitRegistry
    function registerUnits(address provider, UnitInput[] calldata units, Auth calldata auth) external {
        _requireOpen();
        _authorise(provider, abi.encode(REGISTER_UNITS, provider, _hashUnits(units)), auth);
        for (uint256 i; i < units.length; ++i) {
            UnitInput calldata u = units[i];
            require(_units[provider][u.unit].machine == 0, UnitRegistry_UnitExists(u.unit));
            _write(provider, u);
            emit UnitRegistered(provider, u.unit, u.machine, u.spec);
        }
    }

    /// @inheritdoc IUnitRegistry
    function updateUnits(address provider, UnitInput[] calldata units, Auth calldata auth) external {
        _authorise(provider, abi.encode(UPDATE_UNITS, provider, _hashUnits(units)), auth);
        for (uint256 i; i < units.length; ++i) {
            UnitInput calldata u = units[i];
            // The unit's present machine may be retired: moving it to a live one is what an update is for.
            _requireUnit(provider, u.unit);
            _write(provider, u);
            emit UnitUpdated(provider, u.unit, u.machine, u.spec);
        }
    }

    /// @inheritdoc IUnitRegistry
    function retireUnits(address provider, uint64[] calldata units, Auth calldata auth) external {
        _requireCount(units.length);
        // Elements of an array are padded to 32 bytes in EIP-712, which is what encodePacked does with arrays.
        _authorise(provider, abi.encode(RETIRE_UNITS, provider, keccak256(abi.encodePacked(units))), auth);
        for (uint256 i; i < units.length; ++i) {
            _requireUnit(provider, units[i]);
            _retired[provider].set(units[i]);
            emit UnitRetired(provider, units[i]);
        }
    }

    /* GUARDIANS */

    /// @inheritdoc IUnitRegistry
    function pause() external restricted {
        paused = true;
        emit EntryPaused(true);
    }

    /// @inheritdoc IUnitRegistry
    function unpause() external restricted {
        paused = false;
        emit EntryPaused(false);
    }

    /* VIEWS */

    /// @inheritdoc IUnitRegistry
    function providerOf(address provider) external view returns (Provider memory) {
        return _providers[provider];
    }

    /// @inheritdoc IUnitRegistry
    function machineOf(address provider, bytes32 machine) external view returns (Machine memory) {
        return _machines[provider][machine];
    }

    /// @inheritdoc IUnitRegistry
    function unitOf(address provider, uint64 unit) external view returns (Unit memory) {
        return _units[provider][unit];
    }

    /// @inheritdoc IUnitRegistry
    function isLive(address provider, uint64 unit) external view returns (bool) {
        bytes32 machine = _units[provider][unit].machine;
        return machine != 0 && !_retired[provider].get(unit) && !_machines[provider][machine].retired;
    }

    /* INTERNAL */

    /// @dev `action` is the type hash and the arguments; nonce and deadline are appended to it to make the struct.
    function _authorise(address provider, bytes memory action, Auth calldata auth) private {
        if (auth.signature.length == 0) {
            require(msg.sender == provider, UnitRegistry_NotProvider(msg.sender, provider));
            return;
        }
        require(block.timestamp <= auth.deadline, UnitRegistry_Expired(auth.deadline));
        // All members of these structs are one word, so appending words is what abi.encode would have done.
        bytes32 structHash = keccak256(
            bytes.concat(action, abi.encode(_useNonce(provider), uint256(auth.deadline)))
        );
        bytes32 digest = _hashTypedDataV4(structHash);
        // Recover first: an account with delegated code (EIP-7702) still signs with its own key.
        (address signer, ECDSA.RecoverError err, ) = ECDSA.tryRecoverCalldata(digest, auth.signature);
        if (err == ECDSA.RecoverError.NoError && signer == provider) return;
        require(
            SignatureChecker.isValidERC1271SignatureNowCalldata(provider, digest, auth.signature),
            UnitRegistry_BadSignature(provider)
        );
    }

    function _hashUnits(UnitInput[] calldata units) private pure returns (bytes32) {
        _requireCount(units.length);
        bytes32[] memory hashes = new bytes32[](units.length);
        for (uint256 i; i < units.length; ++i) {
            hashes[i] = keccak256(abi.encode(UNIT, units[i].unit, units[i].machine, units[i].spec));
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function _write(address provider, UnitInput calldata u) private {
        require(u.spec != 0, UnitRegistry_Zero());
        _requireMachine(provider, u.machine);
        _units[provider][u.unit] = Unit(u.machine, u.spec);
    }

    function _requireOpen() private view {
        require(!paused, UnitRegistry_Paused());
    }

    function _requireCount(uint256 count) private pure {
        require(count != 0 && count <= MAX_UNITS, UnitRegistry_BadCount(count));
    }

    function _requireProvider(address provider) private view {
        require(_providers[provider].payout != address(0), UnitRegistry_UnknownProvider(provider));
    }

    function _requireMachine(address provider, bytes32 machine) private view {
        Machine storage m = _machines[provider][machine];
        require(m.agent != address(0) && !m.retired, UnitRegistry_UnknownMachine(machine));
    }

    function _requireUnit(address provider, uint64 unit) private view {
        require(
            _units[provider][unit].machine != 0 && !_retired[provider].get(unit),
            UnitRegistry_UnknownUnit(unit)
        );
    }
}
