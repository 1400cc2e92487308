namespace PtaKernels.CorpusBench;

/// <summary>One text of this machine, read when it is asked for.</summary>
/// <param name="Kind">What kind of text, as <c>python</c>.</param>
/// <param name="Name">Where it stands, the same on every machine that has it.</param>
/// <param name="Read">Its paragraphs in order; empty where the file holds no readable text.</param>
internal sealed record MachineText(string Kind, string Name, Func<IEnumerable<string>> Read);
