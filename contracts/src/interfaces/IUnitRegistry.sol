// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A unit as its provider describes it.
struct UnitInput {
    uint64 unit; // the provider's own number for it; the same number as in offers
    bytes32 machine; // the machine it is a slice of
    bytes32 spec; // hash of the specification document (resources, isolation, interval, hold, pool)
}

/// @notice Who authorises an action of a provider.
struct Auth {
    uint40 deadline; // last second at which the signature is good; ignored without one
    bytes signature; // empty: the provider sends it himself; else his EIP-712 signature, and anyone may send it
}

/// @title IUnitRegistry
/// @notice Who offers hardware, with which machines, cut into which units. Holds no money and gates no lease: it is
/// the public record that offers, checks and evidence refer to.
/// @dev Every action is sent by the provider or carries his signature over (arguments, nonce, deadline), in the domain
/// ("Corepool UnitRegistry", "1", chain id, this contract). A signature uses the provider's next nonce; a direct call
/// uses none. Numbers and ids are never reused: retiring is final. Every event carries all that its action changed.
interface IUnitRegistry {
    /// @notice A provider's record.
    struct Provider {
        address payout; // zero: not registered
        uint40 since; // when he registered
        bytes32 metadata; // hash of his public profile document
    }

    /// @notice A machine's record, in one slot.
    struct Machine {
        address agent; // the key with which its agent signs; zero: not registered
        uint40 since; // when it was registered
        bool retired;
    }

    /// @notice A unit's record.
    struct Unit {
        bytes32 machine; // zero: not registered
        bytes32 spec;
    }

    /// @notice A provider registered.
    event ProviderRegistered(address indexed provider, address payout, bytes32 metadata);

    /// @notice A provider changed his payout address or his profile.
    event ProviderUpdated(address indexed provider, address payout, bytes32 metadata);

    /// @notice A machine was connected.
    event MachineRegistered(address indexed provider, bytes32 indexed machine, address agent);

    /// @notice A machine's agent got another key.
    event AgentChanged(address indexed provider, bytes32 indexed machine, address agent);

    /// @notice A machine left for good, and with it its units.
    event MachineRetired(address indexed provider, bytes32 indexed machine);

    /// @notice A unit was described for the first time.
    event UnitRegistered(address indexed provider, uint64 indexed unit, bytes32 indexed machine, bytes32 spec);

    /// @notice A unit got another description, or moved to another machine of the same provider.
    event UnitUpdated(address indexed provider, uint64 indexed unit, bytes32 indexed machine, bytes32 spec);

    /// @notice A unit left for good.
    event UnitRetired(address indexed provider, uint64 indexed unit);

    /// @notice Registration was paused or resumed. Updates and retirement are never paused.
    event EntryPaused(bool paused);

    /// @notice New registrations are paused.
    error UnitRegistry_Paused();
    /// @notice The sender is not the provider and brought no signature.
    error UnitRegistry_NotProvider(address sender, address provider);
    /// @notice The signature's deadline is over.
    error UnitRegistry_Expired(uint40 deadline);
    /// @notice The signature is not the provider's over these arguments with his next nonce.
    error UnitRegistry_BadSignature(address provider);
    /// @notice The provider is registered already.
    error UnitRegistry_ProviderExists(address provider);
    /// @notice The provider is not registered.
    error UnitRegistry_UnknownProvider(address provider);
    /// @notice The provider has, or had, a machine of this id.
    error UnitRegistry_MachineExists(bytes32 machine);
    /// @notice The provider has no live machine of this id.
    error UnitRegistry_UnknownMachine(bytes32 machine);
    /// @notice The provider has, or had, a unit of this number.
    error UnitRegistry_UnitExists(uint64 unit);
    /// @notice The provider has no live unit of this number.
    error UnitRegistry_UnknownUnit(uint64 unit);
    /// @notice A machine id, an agent key or a spec hash is zero.
    error UnitRegistry_Zero();
    /// @notice More units in one call than `MAX_UNITS`, or none.
    error UnitRegistry_BadCount(uint256 count);

    /// @notice Registers a provider.
    /// @param provider His account.
    /// @param payout Where he wants to be paid; zero means his account.
    /// @param metadata Hash of his public profile document; may be zero.
    /// @param auth His consent.
    /// @custom:error UnitRegistry_Paused @custom:error UnitRegistry_ProviderExists
    function registerProvider(address provider, address payout, bytes32 metadata, Auth calldata auth) external;

    /// @notice Changes a provider's payout address and profile.
    /// @param provider His account.
    /// @param payout Where he wants to be paid; zero means his account.
    /// @param metadata Hash of his public profile document; may be zero.
    /// @param auth His consent.
    /// @custom:error UnitRegistry_UnknownProvider
    function updateProvider(address provider, address payout, bytes32 metadata, Auth calldata auth) external;

    /// @notice Connects a machine.
    /// @param provider His account.
    /// @param machine Its id, chosen by the provider and never used by him before.
    /// @param agent The key with which the machine's agent signs.
    /// @param auth His consent.
    /// @custom:error UnitRegistry_Paused @custom:error UnitRegistry_UnknownProvider
    /// @custom:error UnitRegistry_MachineExists @custom:error UnitRegistry_Zero
    function registerMachine(address provider, bytes32 machine, address agent, Auth calldata auth) external;

    /// @notice Gives a machine's agent another key.
    /// @param provider His account.
    /// @param machine Its id.
    /// @param agent The new key.
    /// @param auth His consent.
    /// @custom:error UnitRegistry_UnknownMachine @custom:error UnitRegistry_Zero
    function changeAgent(address provider, bytes32 machine, address agent, Auth calldata auth) external;

    /// @notice Retires a machine, and with it its units, for good.
    /// @param provider His account.
    /// @param machine Its id.
    /// @param auth His consent.
    /// @custom:error UnitRegistry_UnknownMachine
    function retireMachine(address provider, bytes32 machine, Auth calldata auth) external;

    /// @notice Describes new units of live machines.
    /// @param provider His account.
    /// @param units At most `MAX_UNITS`.
    /// @param auth His consent.
    /// @custom:error UnitRegistry_Paused @custom:error UnitRegistry_UnitExists
    /// @custom:error UnitRegistry_UnknownMachine @custom:error UnitRegistry_Zero @custom:error UnitRegistry_BadCount
    function registerUnits(address provider, UnitInput[] calldata units, Auth calldata auth) external;

    /// @notice Describes live units anew.
    /// @param provider His account.
    /// @param units At most `MAX_UNITS`.
    /// @param auth His consent.
    /// @custom:error UnitRegistry_UnknownUnit @custom:error UnitRegistry_UnknownMachine
    /// @custom:error UnitRegistry_Zero @custom:error UnitRegistry_BadCount
    function updateUnits(address provider, UnitInput[] calldata units, Auth calldata auth) external;

    /// @notice Retires units for good. Leases that run on them run on.
    /// @param provider His account.
    /// @param units Their numbers, at most `MAX_UNITS`.
    /// @param auth His consent.
    /// @custom:error UnitRegistry_UnknownUnit @custom:error UnitRegistry_BadCount
    function retireUnits(address provider, uint64[] calldata units, Auth calldata auth) external;

    /// @notice Pauses new registrations. Only for guardians.
    function pause() external;

    /// @notice Resumes new registrations.
    function unpause() external;

    /// @notice Most units in one call.
    // solhint-disable-next-line func-name-mixedcase
    function MAX_UNITS() external view returns (uint256);

    /// @notice Whether new registrations are paused.
    function paused() external view returns (bool);

    /// @notice A provider's record; all zero when not registered.
    function providerOf(address provider) external view returns (Provider memory);

    /// @notice A machine's record; all zero when not registered.
    function machineOf(address provider, bytes32 machine) external view returns (Machine memory);

    /// @notice A unit's record, kept after it is retired; all zero when not registered.
    function unitOf(address provider, uint64 unit) external view returns (Unit memory);

    /// @notice Whether a unit is registered, not retired, and its machine is not retired.
    function isLive(address provider, uint64 unit) external view returns (bool);
}
