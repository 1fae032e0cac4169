/** Many keys at once. */
import '../batch/screen';
