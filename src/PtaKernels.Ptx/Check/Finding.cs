namespace PtaKernels.Ptx.Check;

/// <summary>What the gate refuses.</summary>
internal enum FindingKind
{
    /// <summary>The PTX file is not there.</summary>
    Missing,

    /// <summary>The PTX calls a function that it does not have.</summary>
    Unresolved,

    /// <summary>The PTX is for another target than its folder says, or for one architecture alone (sm_90a).</summary>
    Target,

    /// <summary>ptxas does not take the PTX.</summary>
    Rejected,

    /// <summary>Registers that ptxas keeps in local memory.</summary>
    Spill,

    /// <summary>A stack frame.</summary>
    StackFrame,

    /// <summary>Loads or stores of local memory.</summary>
    LocalMemory,

    /// <summary>A load, store or atomic inside a loop whose address space is found out at run time.</summary>
    GenericAccess,

    /// <summary>A float64 multiply and add in one rounding where two were written.</summary>
    ContractedFloat64,

    /// <summary>More registers than the budget.</summary>
    Registers,

    /// <summary>More threads in a block than the PTX allows, or than registers or shared memory have room for.</summary>
    Launch,
}

/// <summary>One thing wrong with one kernel on one architecture, in a sentence that says what to do.</summary>
internal sealed record Finding(FindingKind Kind, string Kernel, string Architecture, string Sentence)
{
    public override string ToString() => $"{Kernel}, {Architecture}: {Sentence}";
}
