using PtaKernels.Backends;
using PtaKernels.Cli.Verify;

var run = new GoldenRun(new GoldenContext(Backends.Open(null), new VocabularyFolder(args[0] + "/vocab"), args[0]), Console.Out, Console.Error);
run.Run(args[0]);
Console.WriteLine($"{run.Passed} passed, {run.Failed} failed, {run.Skipped} skipped");
