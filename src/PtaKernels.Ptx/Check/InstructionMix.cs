using System.Collections.Frozen;

namespace PtaKernels.Ptx.Check;

/// <summary>What part of a multiprocessor an instruction keeps busy.</summary>
internal enum InstructionClass
{
    /// <summary>Logic, integer additions, comparisons, minima, moves.</summary>
    Integer,

    /// <summary>Integer multiply-adds, which ptxas also takes for moves and shifts: the float32 pipe does them.</summary>
    IntegerMultiply,

    /// <summary>Float32 and packed float16.</summary>
    Float32,

    /// <summary>Float64.</summary>
    Float64,

    /// <summary>Shared memory.</summary>
    Shared,

    /// <summary>Global memory, and addresses whose space is found out at run time.</summary>
    Global,

    /// <summary>Local memory: spills and stack frames.</summary>
    Local,

    /// <summary>Values handed from lane to lane.</summary>
    Shuffle,

    /// <summary>Special functions, population counts, conversions.</summary>
    Special,

    /// <summary>Branches, calls and what brings lanes together again.</summary>
    Branch,

    /// <summary>Done once for the whole warp.</summary>
    Uniform,

    /// <summary>Constants, special registers, barriers, everything else.</summary>
    Other,
}

/// <summary>Instructions by class, each counted once, whatever its predicate.</summary>
internal sealed class InstructionMix
{
    private static readonly FrozenDictionary<string, InstructionClass> Classes = ByOpcode(
        (InstructionClass.Integer, """
            IADD IADD3 VIADD VIADD3 LOP LOP3 PLOP3 SHF SHL SHR LEA PRMT SEL ISETP ICMP IMNMX VIMNMX VIMNMX3 VIADDMNMX IABS MOV VABSDIFF VABSDIFF4 BMSK SGXT ISCADD
            FSETP FMNMX FSEL FSET FCHK P2R R2P CSETP VOTE ISET PSETP LEPC
            """),
        (InstructionClass.IntegerMultiply, "IMAD IMUL IDP IDP4A XMAD"),
        (InstructionClass.Float32, "FADD FMUL FFMA FSWZADD HADD2 HMUL2 HFMA2 HSET2 HSETP2 HMNMX2 FADD32I FMUL32I FFMA32I"),
        (InstructionClass.Float64, "DADD DMUL DFMA DSETP DMNMX"),
        (InstructionClass.Shared, "LDS STS ATOMS LDSM STSM"),
        (InstructionClass.Global, "LDG STG ATOMG RED REDG LD ST ATOM LDGSTS LDGDEPBAR"),
        (InstructionClass.Local, "LDL STL"),
        (InstructionClass.Shuffle, "SHFL MATCH REDUX"),
        (InstructionClass.Special, "MUFU POPC FLO BREV F2F F2I I2F I2FP F2FP F2IP FRND I2I"),
        (InstructionClass.Branch, "BRA BRX JMP JMX EXIT RET CALL BSSY BSYNC BREAK WARPSYNC YIELD KILL BMOV BPT"));

    private readonly int[] _counts = new int[Enum.GetValues<InstructionClass>().Length];

    /// <summary>32-bit words per thread that the memory pipe moves: shared and global accesses by their width, a word per shuffle.</summary>
    public int MemoryWords { get; private set; }

    public int Total { get; private set; }

    public int this[InstructionClass kind] => _counts[(int)kind];

    public static InstructionMix Of(IEnumerable<SassInstruction> instructions)
    {
        var mix = new InstructionMix();
        foreach (SassInstruction instruction in instructions.Where(static i => i.Base != "NOP"))
        {
            InstructionClass kind = ClassOf(instruction);
            mix.Total++;
            mix._counts[(int)kind]++;
            mix.MemoryWords += kind switch
            {
                InstructionClass.Shared or InstructionClass.Global or InstructionClass.Local => Math.Max(instruction.Width / 32, 1),
                InstructionClass.Shuffle => 1,
                _ => 0,
            };
        }

        return mix;
    }

    public static InstructionClass ClassOf(SassInstruction instruction)
    {
        string name = instruction.Base;
        if (Classes.TryGetValue(name, out InstructionClass kind))
            return kind;
        return name[0] == 'U' || name is "R2UR" or "S2UR" ? InstructionClass.Uniform : InstructionClass.Other;
    }

    private static FrozenDictionary<string, InstructionClass> ByOpcode(params (InstructionClass Kind, string Opcodes)[] rows) =>
        rows.SelectMany(static row => row.Opcodes.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(opcode => (opcode, row.Kind)))
            .ToFrozenDictionary(static pair => pair.opcode, static pair => pair.Kind, StringComparer.Ordinal);
}
