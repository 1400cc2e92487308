using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PtaKernels.Native;

// The structs of ptakernels.h, field by field; a size that disagrees is found when the library is opened.
#pragma warning disable SA1600, CS0649

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeTapeView
{
    public uint StructSize;
    public int Count;
    public int* Symbols;
    public int* Offsets;
    public byte* Roles;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeVocabularyView
{
    public uint StructSize;
    public int Count;
    public nint Texts;
    public byte* Bytes;
    public int* ByteOffsets;
    public int AddsDummyPrefix;
    public int Reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeOfficialView
{
    public uint StructSize;
    public uint Reserved;
    public nint Keys;
    public nint TargetStrings;
    public nint SourceStripped;
    public nint TargetStripped;
    public nint TargetWithoutSourceMarker;
    public int* SameString;
    public int* PrefixedSameString;
    public int* PrefixedKeyOwner;
    public byte* TargetStartsWithMarker;
    public int* Map;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NativeTransportOptions
{
    public uint StructSize;
    public int Kind;
    public double Epsilon;
    public double Tolerance;
    public double Rho;
    public int MaxIterations;
    public int Solver;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NativeOutcome
{
    public double MarginalError;
    public int Status;
    public int Iterations;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NativeAlignOptions
{
    public uint StructSize;
    public int Preset;
    public int Mass;
    public int Window;
    public int FusedK;
    public int MeasureSignal;
    public int MaxIterations;
    public int Threads;
    public double Epsilon;
    public double Tolerance;
    public double Temperature;
    public int Projection;
    public int Transfer;
    public double ByteTail;
    public int Transport;
    public int ProjectionColumns;
    public double Rho;
    public int Solver;
    public int Cost;
    public int EmbeddingShare;
    public int Reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeEmbeddingsView
{
    public uint StructSize;
    public int Dimensions;
    public int SourceCount;
    public int TargetCount;
    public sbyte* Source;
    public sbyte* Target;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeTokenizedDocument
{
    public int* Ids;
    public int* Indices;
    public double* Values;
    public double* LogSumExp;
    public int* Spans;
    public int Length;
    public int K;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NativeRow
{
    public int Rule;
    public int SourceRow;
    public int TransportStatus;
    public int Iterations;
    public double Missing;
    public double Kappa;
    public double Signal;
    public double MarginalError;
}

[InlineArray(5)]
internal struct StageSeconds
{
    private double _first;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeDocument
{
    public NativeTokenizedDocument Source;
    public NativeTokenizedDocument Target;
    public int* PriorStarts;
    public int* PriorTokens;
    public double* PriorValues;
    public long Capacity;
    public int* Starts;
    public int* Tokens;
    public double* Values;
    public NativeRow* Rows;
    public int Status;
    public int Repaired;
    public long Ties;
    public StageSeconds Seconds;
}

/// <summary>What a call answers.</summary>
internal enum NativeStatus
{
    Ok = 0,
    Range = 1,
    Argument = -1,
    Struct = -2,
    Memory = -3,
    Isa = -4,
    Data = -5,
    Internal = -6,
}
